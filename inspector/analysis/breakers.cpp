#include "inspector/analysis/breakers.h"

#include <algorithm>
#include <unordered_map>

#include "inspector/analysis/components.h"
#include "inspector/graph/edge.h"
#include "inspector/graph/labels.h"

namespace heapglass {

namespace {

constexpr std::size_t kMostKinds = 12;             // that are tried
constexpr std::size_t kMostBreakers = 4;           // that are told
constexpr std::uint64_t kMostSteps = 100'000'000;  // references looked at, in all

// The component alone, with the kind of each reference.
struct Cut {
  Subgraph rows;                    // nodes are positions in the component
  std::vector<std::uint32_t> kind;  // by reference
  struct Kind {
    std::size_t owner_type = 0;
    std::uint64_t example = 0;  // in rows.to
    std::uint32_t holder = 0;   // its node
    std::uint64_t count = 0, back = 0;
  };
  std::vector<Kind> kinds;
};

// Items and keys of a container are one kind, whatever their position.
std::uint32_t label_kind(std::uint32_t edge) {
  const LabelKind label = edge_label(edge);
  const bool named = label == LabelKind::field || label == LabelKind::attribute;
  return edge_code(ReferenceKind::collector, label, named ? edge_index(edge) : 0);
}

Cut cut_out(const HeapGraph& graph, const Subgraph& part,
            std::span<const std::uint32_t> component) {
  std::unordered_map<std::uint32_t, std::uint32_t> position;
  position.reserve(component.size());
  for (std::size_t i = 0; i < component.size(); ++i) {
    position.emplace(component[i], static_cast<std::uint32_t>(i));
  }
  Cut cut;
  for (const std::uint32_t node : component) {
    cut.rows.objects.push_back(part.objects[node]);
    for (std::uint64_t r = part.begin[node]; r < part.begin[node + 1]; ++r) {
      const auto to = position.find(part.to[r]);
      if (to == position.end()) continue;
      cut.rows.to.push_back(to->second);
      cut.rows.reference.push_back(part.reference[r]);
    }
    cut.rows.begin.push_back(cut.rows.to.size());
  }
  // Whose __dict__ a dict is: its attributes are told as the owner's.
  const Subgraph& rows = cut.rows;
  std::vector<std::uint32_t> owner(rows.size());
  for (std::uint32_t node = 0; node < rows.size(); ++node) owner[node] = node;
  const auto edge = [&](std::uint64_t r) { return graph.edge[rows.reference[r]]; };
  for (std::uint32_t node = 0; node < rows.size(); ++node) {
    for (std::uint64_t r = rows.begin[node]; r < rows.begin[node + 1]; ++r) {
      const bool own_dict = edge_label(edge(r)) == LabelKind::field &&
                            graph.names[edge_index(edge(r))] == ".__dict__";
      if (own_dict) owner[rows.to[r]] = node;
    }
  }
  std::unordered_map<std::uint64_t, std::uint32_t> known;
  for (std::uint32_t node = 0; node < rows.size(); ++node) {
    const std::size_t type = index(graph.type[index(rows.objects[owner[node]])]);
    for (std::uint64_t r = rows.begin[node]; r < rows.begin[node + 1]; ++r) {
      const auto next = static_cast<std::uint32_t>(cut.kinds.size());
      const std::uint64_t key = std::uint64_t{type} << 32 | label_kind(edge(r));
      const auto [at, fresh] = known.try_emplace(key, next);
      if (fresh) cut.kinds.push_back({type, r, node, 0, 0});
      cut.kind.push_back(at->second);
      ++cut.kinds[at->second].count;
    }
  }
  return cut;
}

// Counts the references back to an object that the search is still inside of.
void count_back_references(Cut& cut) {
  enum class State : std::uint8_t { fresh, inside, done };
  std::vector<State> state(cut.rows.size());
  std::vector<std::pair<std::uint32_t, std::uint64_t>> levels;
  for (std::uint32_t start = 0; start < cut.rows.size(); ++start) {
    if (state[start] != State::fresh) continue;
    state[start] = State::inside;
    levels.emplace_back(start, cut.rows.begin[start]);
    while (!levels.empty()) {
      auto& [node, next] = levels.back();
      if (next == cut.rows.begin[node + 1]) {
        state[node] = State::done;
        levels.pop_back();
        continue;
      }
      const std::uint64_t r = next++;
      const std::uint32_t to = cut.rows.to[r];
      if (state[to] == State::inside) ++cut.kinds[cut.kind[r]].back;
      if (state[to] != State::fresh) continue;
      state[to] = State::inside;
      levels.emplace_back(to, cut.rows.begin[to]);
    }
  }
}

std::size_t largest_without(const Cut& cut, const std::vector<bool>& removed) {
  Subgraph left;
  left.objects = cut.rows.objects;
  for (std::size_t node = 0; node < cut.rows.size(); ++node) {
    for (std::uint64_t r = cut.rows.begin[node]; r < cut.rows.begin[node + 1]; ++r) {
      if (!removed[cut.kind[r]]) left.to.push_back(cut.rows.to[r]);
    }
    left.begin.push_back(left.to.size());
  }
  const Components components = strong_components(left);
  std::size_t largest = 0;
  for (std::size_t c = 0; c < components.size(); ++c) {
    largest = std::max(largest, components.of(c).size());
  }
  return largest;
}

std::string name_of(const HeapGraph& graph, const Cut& cut, const Cut::Kind& kind) {
  std::string name = graph.types[kind.owner_type].name;
  const std::uint64_t reference = cut.rows.reference[kind.example];
  if (edge_label(graph.edge[reference]) == LabelKind::item) return name + "[]";
  append_label(name, graph, cut.rows.objects[kind.holder], reference);
  return name;
}

}  // namespace

std::vector<Breaker> find_breakers(const HeapGraph& graph, const Subgraph& part,
                                   std::span<const std::uint32_t> component) {
  Cut cut = cut_out(graph, part, component);
  count_back_references(cut);
  std::vector<std::uint32_t> tried;
  for (std::uint32_t i = 0; i < cut.kinds.size(); ++i) {
    if (cut.kinds[i].back != 0) tried.push_back(i);
  }
  std::sort(tried.begin(), tried.end(), [&](std::uint32_t a, std::uint32_t b) {
    return cut.kinds[a].back != cut.kinds[b].back ? cut.kinds[a].back > cut.kinds[b].back : a < b;
  });
  tried.resize(std::min(tried.size(), kMostKinds));

  std::vector<Breaker> breakers;
  std::vector<bool> removed(cut.kinds.size());
  std::size_t largest = component.size();
  std::uint64_t steps = 0;
  while (breakers.size() < kMostBreakers && largest > component.size() / 10) {
    std::uint32_t best = 0;
    std::size_t best_left = largest;
    for (const std::uint32_t kind : tried) {
      if (removed[kind] || steps > kMostSteps) continue;
      steps += cut.rows.to.size() + cut.rows.size();
      removed[kind] = true;
      const std::size_t left = largest_without(cut, removed);
      removed[kind] = false;
      if (left >= best_left) continue;
      best = kind;
      best_left = left;
    }
    if (best_left == largest) break;  // none helps
    removed[best] = true;
    largest = best_left;
    breakers.push_back({name_of(graph, cut, cut.kinds[best]), cut.kinds[best].count, largest});
  }
  return breakers;
}

}  // namespace heapglass
