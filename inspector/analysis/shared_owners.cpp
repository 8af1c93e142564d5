#include "inspector/analysis/shared_owners.h"

#include <algorithm>
#include <array>
#include <map>

#include "inspector/graph/edge.h"

namespace heapglass {

namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::uint32_t kMany = UINT32_MAX - 1;

// Up to three nodes, ascending, then kNone; or kMany in front.
using Holders = std::array<std::uint32_t, 3>;
constexpr Holders kNobody{kNone, kNone, kNone};
constexpr Holders kTooMany{kMany, kNone, kNone};

// Whether `to` has changed.
bool add(Holders& to, std::uint32_t holder) {
  if (to[0] == kMany) return false;
  for (std::uint32_t& place : to) {
    if (place == holder) return false;
    if (place != kNone) continue;
    place = holder;
    std::sort(to.begin(), to.end());
    return true;
  }
  to = kTooMany;
  return true;
}

bool merge(Holders& to, const Holders& from) {
  if (from[0] == kMany) {
    const bool changed = to[0] != kMany;
    to = kTooMany;
    return changed;
  }
  bool changed = false;
  for (const std::uint32_t holder : from) {
    if (holder != kNone) changed = add(to, holder) || changed;
  }
  return changed;
}

// Classes, modules and modules' dicts.
std::vector<bool> landmarks(const HeapGraph& graph) {
  std::vector<bool> result(graph.size());
  for (const TypeRecord& type : graph.types) {
    if (const auto object = graph.find(type.address)) result[index(*object)] = true;
  }
  for (const Root& root : graph.roots) {
    if (root.kind != RootKind::module) continue;
    const std::size_t module = index(root.to);
    result[module] = true;
    for (std::uint64_t r = graph.reference_begin[module]; r < graph.reference_begin[module + 1];
         ++r) {
      const std::uint32_t edge = graph.edge[r];
      if (edge_label(edge) == LabelKind::field && edge_index(edge) < graph.names.size() &&
          graph.names[edge_index(edge)] == ".__dict__") {
        result[index(graph.reference_to[r])] = true;
      }
    }
  }
  return result;
}

struct SiblingEdge {
  std::uint32_t holder, to;  // nodes with one dominator
};

// Calls with each reference (from, to, holder): the holder is the node on the path to `from` that
// is next to the dominator of `to`; kNone where `from` is that dominator.
template <class Call>
void for_each_reference(const HeapGraph& graph, const Dominators& tree, const Call& call) {
  std::vector<std::uint32_t> depth(tree.dominator.size());
  std::vector<std::uint32_t> path;  // by depth
  const auto refer = [&](std::uint32_t from, std::uint32_t to) {
    const std::uint32_t above = tree.dominator[to];
    call(from, to, above == from ? kNone : path[depth[above] + 1]);
  };
  std::vector<std::vector<std::uint32_t>> of_owner(tree.roots.owners.size());
  for (const RootEdge& edge : tree.used) {
    of_owner[edge.owner].push_back(static_cast<std::uint32_t>(edge.to));
  }
  for (const std::uint32_t node : tree.preorder) {
    depth[node] = node == tree.root() ? 0 : depth[tree.dominator[node]] + 1;
    path.resize(depth[node]);
    path.push_back(node);
    if (tree.is_object(node)) {
      for (std::uint64_t r = graph.reference_begin[node]; r < graph.reference_begin[node + 1];
           ++r) {
        refer(node, static_cast<std::uint32_t>(graph.reference_to[r]));
      }
    } else if (node != tree.root()) {
      for (const std::uint32_t to : of_owner[node - graph.size()]) refer(node, to);
    }
  }
}

class Search {
 public:
  Search(const HeapGraph& graph, const Dominators& tree)
      : graph_(graph), tree_(tree), source_(tree.dominator.size(), false) {
    const std::vector<bool> marks = landmarks(graph);
    for (std::size_t i = 0; i < marks.size(); ++i) source_[i] = marks[i];
    for (std::size_t i = graph.size(); i < source_.size(); ++i) source_[i] = true;
    find_edges();
    spread();
  }

  // Of a node that it is no holder itself; kTooMany, or at most three.
  const Holders& of(std::uint32_t node) const { return holders_[node]; }
  bool is_source(std::uint32_t node) const { return source_[node]; }

 private:
  // Which references make it that the object has several holders.
  void find_edges() {
    std::vector<bool> has_holder(tree_.dominator.size());
    for_each_reference(graph_, tree_, [&](std::uint32_t, std::uint32_t to, std::uint32_t holder) {
      if (holder == kNone) {
        source_[to] = true;  // its dominator itself refers to it
      } else if (holder != to) {
        edges_.push_back({holder, to});
        has_holder[to] = true;
      }
    });
    for (std::size_t i = 0; i < source_.size(); ++i) {
      if (!has_holder[i]) source_[i] = true;
    }
  }

  void spread() {
    std::sort(edges_.begin(), edges_.end(), [](const SiblingEdge& a, const SiblingEdge& b) {
      return a.holder != b.holder ? a.holder < b.holder : a.to < b.to;
    });
    edges_.erase(std::unique(edges_.begin(), edges_.end(),
                             [](const SiblingEdge& a, const SiblingEdge& b) {
                               return a.holder == b.holder && a.to == b.to;
                             }),
                 edges_.end());
    holders_.assign(source_.size(), kNobody);
    std::vector<std::uint32_t> waiting;
    const auto to_siblings = [&](std::uint32_t holder, const Holders& holders) {
      auto edge = std::lower_bound(
          edges_.begin(), edges_.end(), holder,
          [](const SiblingEdge& one, std::uint32_t node) { return one.holder < node; });
      for (; edge != edges_.end() && edge->holder == holder; ++edge) {
        if (!source_[edge->to] && merge(holders_[edge->to], holders)) waiting.push_back(edge->to);
      }
    };
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      const std::uint32_t holder = edges_[i].holder;
      const bool first = i == 0 || edges_[i - 1].holder != holder;
      if (first && source_[holder]) to_siblings(holder, {holder, kNone, kNone});
    }
    while (!waiting.empty()) {
      const std::uint32_t node = waiting.back();
      waiting.pop_back();
      to_siblings(node, Holders(holders_[node]));
    }
  }

  const HeapGraph& graph_;
  const Dominators& tree_;
  std::vector<bool> source_;  // by node: stands for itself as a holder
  std::vector<SiblingEdge> edges_;
  std::vector<Holders> holders_;
};

// The heaviest member, and how many there are of its type.
void describe(const HeapGraph& graph, const Dominators& tree,
              const std::vector<std::uint32_t>& members, SharedGroup& group) {
  const std::uint32_t heaviest = *std::max_element(
      members.begin(), members.end(),
      [&](std::uint32_t a, std::uint32_t b) { return tree.bytes[a] < tree.bytes[b]; });
  group.example = ObjectId{heaviest};
  group.examples = static_cast<std::uint64_t>(std::count_if(
      members.begin(), members.end(),
      [&](std::uint32_t member) { return graph.type[member] == graph.type[heaviest]; }));
}

}  // namespace

// For each holder of a group the last node on the way to all that refer to the group from below it.
void go_down(const HeapGraph& graph, const Dominators& tree,
             const std::vector<std::uint32_t>& group_of, std::vector<SharedGroup>& groups) {
  std::vector<std::vector<std::uint32_t>> last(groups.size());
  std::vector<bool> by_others(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) last[i].resize(groups[i].holders.size(), kNone);
  const auto is_below = [&](std::uint32_t node, std::uint32_t above) {
    return tree.position[node] >= tree.position[above] &&
           tree.position[node] - tree.position[above] < tree.nodes[above];
  };
  for_each_reference(graph, tree, [&](std::uint32_t from, std::uint32_t to, std::uint32_t holder) {
    const std::uint32_t group = group_of[to];
    if (group == kNone || holder == to) return;
    const std::vector<std::uint32_t>& holders = groups[group].holders;
    if (std::find(holders.begin(), holders.end(), holder) == holders.end()) {
      // By way of what other groups hold, its holders hold it from other places too.
      if (group_of[holder] != group) by_others[group] = true;
      return;
    }
    for (std::size_t i = 0; i < last[group].size(); ++i) {
      if (groups[group].holders[i] != holder) continue;
      std::uint32_t& node = last[group][i];
      if (node == kNone) node = from;
      while (!is_below(from, node)) node = tree.dominator[node];
    }
  });
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t h = 0; h < last[i].size(); ++h) {
      if (last[i][h] != kNone && !by_others[i]) groups[i].holders[h] = last[i][h];
    }
  }
}

std::vector<SharedGroup> shared_groups(const HeapGraph& graph, const Dominators& tree,
                                       std::uint64_t least) {
  const Search search(graph, tree);
  struct Sum {
    std::uint64_t bytes = 0, objects = 0;
    std::vector<std::uint32_t> members;
  };
  std::map<Holders, Sum> sums;
  for (std::uint32_t object = 0; object < graph.size(); ++object) {
    if (search.is_source(object)) continue;
    const Holders& holders = search.of(object);
    if (holders[0] == kMany || holders[1] == kNone) continue;
    Sum& sum = sums[holders];
    sum.bytes += tree.bytes[object];
    sum.objects += tree.retained_objects(object);
    sum.members.push_back(object);
  }
  std::vector<SharedGroup> result;
  std::vector<std::uint32_t> group_of(tree.dominator.size(), kNone);
  for (const auto& [holders, sum] : sums) {
    if (sum.bytes < least) continue;
    for (const std::uint32_t member : sum.members) {
      group_of[member] = static_cast<std::uint32_t>(result.size());
    }
    SharedGroup& group = result.emplace_back();
    for (const std::uint32_t holder : holders) {
      if (holder != kNone) group.holders.push_back(holder);
    }
    group.bytes = sum.bytes;
    group.objects = sum.objects;
    describe(graph, tree, sum.members, group);
  }
  go_down(graph, tree, group_of, result);
  std::sort(result.begin(), result.end(),
            [](const SharedGroup& a, const SharedGroup& b) { return a.bytes > b.bytes; });
  return result;
}

}  // namespace heapglass
