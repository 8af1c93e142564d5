#include "inspector/analysis/dominators.h"

#include <algorithm>
#include <utility>

#include "symbols/failure.h"

namespace heapglass {

namespace {

using Numbers = BigVector<std::uint32_t>;
constexpr std::uint32_t kNone = UINT32_MAX;

void fill(Numbers& numbers, std::size_t size, std::uint32_t value) {
  numbers.resize(size);
  for (std::uint32_t& number : numbers) number = value;
}

// A depth-first spanning tree from the virtual root. Nodes have numbers in the order in which they
// are entered; the virtual root's is 0.
class Search {
 public:
  Search(const HeapGraph& graph, RootEdges roots) : graph_(graph), roots_(std::move(roots)) {
    const std::size_t nodes = graph.size() + roots_.owners.size() + 1;
    fill(number, nodes, kNone);
    node.reserve(nodes);
    parent.reserve(nodes);
    reached_.resize(graph.size());
    enter(static_cast<std::uint32_t>(nodes - 1), 0);
    for (std::size_t level = 0; level < kRootLevels; ++level) {
      std::vector<RootEdge> edges =
          level_edges(graph, roots_, static_cast<RootLevel>(level), reached_);
      for (const RootEdge& edge : edges) follow(edge);
      used_.insert(used_.end(), edges.begin(), edges.end());
    }
    // An owner of nothing that counts is a leaf.
    for (std::size_t i = 0; i < roots_.owners.size(); ++i) enter_owner(i);
  }

  Numbers number;        // by node
  Numbers node, parent;  // by number; of the parent its number

  std::size_t owner_node(std::size_t owner) const { return graph_.size() + owner; }
  const std::vector<RootEdge>& used() const { return used_; }
  RootEdges take_roots() { return std::move(roots_); }
  std::vector<RootEdge> take_used() { return std::move(used_); }

 private:
  std::uint32_t enter(std::uint32_t which, std::uint32_t from) {
    const auto its = static_cast<std::uint32_t>(node.size());
    number[which] = its;
    node.push_back(which);
    parent.push_back(from);
    return its;
  }
  std::uint32_t enter_owner(std::size_t owner) {
    const auto which = static_cast<std::uint32_t>(owner_node(owner));
    return number[which] == kNone ? enter(which, 0) : number[which];
  }

  // The owner is entered, and all that is new behind the edge.
  void follow(const RootEdge& edge) {
    const std::uint32_t owner = enter_owner(edge.owner);
    if (reached_[index(edge.to)]) return;
    go_into(static_cast<std::uint32_t>(edge.to), owner);
    while (!path_.empty()) {
      Step& step = path_.back();
      if (step.next == graph_.reference_begin[node[step.number] + 1]) {
        path_.pop_back();
        continue;
      }
      const ObjectId to = graph_.reference_to[step.next++];
      if (!reached_[index(to)]) go_into(static_cast<std::uint32_t>(to), step.number);
    }
  }
  void go_into(std::uint32_t object, std::uint32_t from) {
    reached_[object] = true;
    path_.push_back({graph_.reference_begin[object], enter(object, from)});
  }

  struct Step {
    std::uint64_t next;  // reference
    std::uint32_t number;
  };
  const HeapGraph& graph_;
  RootEdges roots_;
  std::vector<RootEdge> used_;
  std::vector<bool> reached_;
  std::vector<Step> path_;
};

// Who refers to a node, by numbers, in compressed rows.
struct Referrers {
  Numbers begin, from;
};

// Calls with the numbers of both ends of each edge but those of the virtual root.
template <class Call>
void for_each_edge(const HeapGraph& graph, const Search& search, const Call& call) {
  for (const RootEdge& edge : search.used()) {
    call(search.number[search.owner_node(edge.owner)], search.number[index(edge.to)]);
  }
  // In the order of numbers, so that what is written next to each other is so soon.
  for (std::uint32_t from = 0; from < search.node.size(); ++from) {
    const std::uint32_t object = search.node[from];
    if (object >= graph.size()) continue;
    for (std::uint64_t r = graph.reference_begin[object]; r < graph.reference_begin[object + 1];
         ++r) {
      call(from, search.number[index(graph.reference_to[r])]);
    }
  }
}

Referrers referrers(const HeapGraph& graph, const Search& search) {
  if (graph.reference_to.size() + search.used().size() >= kNone) {
    throw Failure(Exit::incomplete,
                  "more than 4,294,967,295 references: their numbers have 32 bits");
  }
  Referrers result;
  fill(result.begin, search.node.size() + 1, 0);
  // Each row is filled from its end, so that `begin` needs no copy.
  for_each_edge(graph, search, [&](std::uint32_t, std::uint32_t to) { ++result.begin[to]; });
  std::uint32_t sum = 0;
  for (std::uint32_t& row : result.begin) row = sum += row;
  result.from.resize(sum);
  for_each_edge(graph, search, [&](std::uint32_t from, std::uint32_t to) {
    result.from[--result.begin[to]] = from;
  });
  return result;
}

// Lengauer and Tarjan's, on numbers: dominator[w] of each number. `ancestor` is the parents of the
// search on entry.
class LengauerTarjan {
 public:
  LengauerTarjan(Numbers ancestor, const Referrers& referrers)
      : size_(static_cast<std::uint32_t>(ancestor.size())),
        ancestor_(std::move(ancestor)),
        referrers_(referrers) {}

  Numbers dominators() {
    fill(semi_, size_, kNone);
    fill(dominator_, size_, 0);
    label_.resize(size_);
    for (std::uint32_t i = 0; i < size_; ++i) label_[i] = i;
    for (std::uint32_t w = size_ - 1; w > 0; --w) {
      const std::uint32_t parent = ancestor_[w];
      // An owner that is met again at a later level, and below which nothing was new: what it leads
      // to is another owner's as well, and waits for a child that it does not have.
      if (semi_[w] != kNone) settle(semi_[w], w, w);
      // Nodes from w + 1 on are linked. What waits for w has been taken by its children.
      std::uint32_t semi = parent;
      for (std::uint32_t r = referrers_.begin[w]; r < referrers_.begin[w + 1]; ++r) {
        const std::uint32_t from = referrers_.from[r];
        semi = std::min(semi, from <= w ? from : semi_[evaluate(from, w)]);
      }
      semi_[w] = semi;
      if (semi == parent) {
        dominator_[w] = parent;
      } else {
        dominator_[w] = semi_[semi];  // of those that wait for `semi`, the next one
        semi_[semi] = w;
      }
      settle(std::exchange(semi_[parent], kNone), w - 1, parent);
    }
    for (std::uint32_t w = 1; w < size_; ++w) {
      if (dominator_[w] != semi_[w]) dominator_[w] = dominator_[dominator_[w]];
    }
    return std::move(dominator_);
  }

 private:
  // The nodes that wait for `semi`, from the first one on.
  void settle(std::uint32_t waiting, std::uint32_t last, std::uint32_t semi) {
    while (waiting != kNone) {
      const std::uint32_t next = dominator_[waiting];
      const std::uint32_t least = evaluate(waiting, last);
      dominator_[waiting] = semi_[least] < semi_[waiting] ? least : semi;
      waiting = next;
    }
  }

  // Of the linked nodes (those behind `last`) from v up, the one with the least semi-dominator.
  std::uint32_t evaluate(std::uint32_t v, std::uint32_t last) {
    if (ancestor_[v] <= last) return label_[v];
    for (std::uint32_t at = v; ancestor_[at] > last; at = ancestor_[at]) path_.push_back(at);
    std::uint32_t above = ancestor_[path_.back()];
    const std::uint32_t end = ancestor_[above];
    while (!path_.empty()) {
      const std::uint32_t at = path_.back();
      path_.pop_back();
      if (semi_[label_[above]] < semi_[label_[at]]) label_[at] = label_[above];
      ancestor_[at] = end;
      above = at;
    }
    return label_[v];
  }

  std::uint32_t size_;
  Numbers ancestor_;
  const Referrers& referrers_;
  // By number: of a node already done its semi-dominator; of one that is not, the first of the
  // nodes that wait for it (the bucket of the paper), or kNone.
  Numbers semi_;
  Numbers label_;
  Numbers dominator_;  // of a node that waits, the next one
  std::vector<std::uint32_t> path_;
};

// Sums over the tree, and its preorder. Dominators have lower numbers than what they dominate.
void measure(const HeapGraph& graph, Numbers by_number, const Numbers& node, Dominators& result) {
  const std::size_t nodes = node.size();
  fill(result.nodes, nodes, 1);
  result.bytes.resize(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    result.bytes[i] = i < graph.size() ? graph.footprint[i] : 0;
  }
  for (std::size_t w = nodes - 1; w > 0; --w) {
    const std::uint32_t child = node[w];
    const std::uint32_t above = node[by_number[w]];
    result.nodes[above] += result.nodes[child];
    result.bytes[above] += result.bytes[child];
  }
  result.dominator.resize(nodes);
  result.position.resize(nodes);
  result.preorder.resize(nodes);
  // Of numbers that are done, `by_number` holds where the next child comes.
  for (std::size_t w = 0; w < nodes; ++w) {
    const std::uint32_t child = node[w];
    const std::uint32_t above = by_number[w];
    const std::uint32_t at = w == 0 ? 0 : by_number[above];
    if (w > 0) by_number[above] += result.nodes[child];
    by_number[w] = at + 1;
    result.dominator[child] = node[above];
    result.position[child] = at;
    result.preorder[at] = child;
  }
}

}  // namespace

Dominators dominators(const HeapGraph& graph) { return dominators(graph, root_edges(graph)); }

Dominators dominators(const HeapGraph& graph, RootEdges roots) {
  Dominators result;
  result.objects = graph.size();
  Search search(graph, std::move(roots));
  Numbers by_number;
  {
    const Referrers rows = referrers(graph, search);
    search.number = {};
    by_number = LengauerTarjan(std::move(search.parent), rows).dominators();
  }
  result.roots = search.take_roots();
  result.used = search.take_used();
  measure(graph, std::move(by_number), search.node, result);
  return result;
}

}  // namespace heapglass
