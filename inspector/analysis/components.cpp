#include "inspector/analysis/components.h"

#include <algorithm>

namespace heapglass {

namespace {

constexpr std::uint32_t kNone = ~std::uint32_t{0};

// By node: the number of its component, kNone where it is in no cycle.
struct Search {
  const Subgraph& graph;
  std::vector<std::uint32_t> number;  // in the order of discovery, from 1; 0: not seen yet
  std::vector<std::uint32_t> low;     // the lowest number it is known to reach; done: component
  std::vector<bool> open;             // in `path`: its component is not complete
  std::vector<std::uint32_t> path;
  struct Level {
    std::uint32_t node;
    std::uint64_t next;  // reference to be followed
  };
  std::vector<Level> levels;
  std::uint32_t seen = 0, components = 0;

  explicit Search(const Subgraph& of)
      : graph(of), number(of.size()), low(of.size()), open(of.size()) {}

  void enter(std::uint32_t node) {
    number[node] = low[node] = ++seen;
    open[node] = true;
    path.push_back(node);
    levels.push_back({node, graph.begin[node]});
  }
  bool refers_to_itself(std::uint32_t node) const {
    const auto begin = graph.to.begin();
    const auto row = [&](std::size_t n) {
      return begin + static_cast<std::ptrdiff_t>(graph.begin[n]);
    };
    return std::find(row(node), row(node + 1), node) != row(node + 1);
  }
  // `node` reaches nothing above itself: what lies on the path from it on is a component.
  void close(std::uint32_t node) {
    const bool cyclic = path.back() != node || refers_to_itself(node);
    const std::uint32_t component = cyclic ? components++ : kNone;
    for (std::uint32_t member = kNone; member != node;) {
      member = path.back();
      path.pop_back();
      open[member] = false;
      low[member] = component;
    }
  }
  void from(std::uint32_t start) {
    enter(start);
    while (!levels.empty()) {
      Level& level = levels.back();
      const std::uint32_t node = level.node;
      if (level.next != graph.begin[node + 1]) {
        const std::uint32_t to = graph.to[level.next++];
        if (number[to] == 0) {
          enter(to);
        } else if (open[to]) {
          low[node] = std::min(low[node], number[to]);
        }
        continue;
      }
      levels.pop_back();
      const std::uint32_t lowest = low[node];
      if (lowest == number[node]) close(node);
      if (!levels.empty() && open[node]) {
        const std::uint32_t parent = levels.back().node;
        low[parent] = std::min(low[parent], lowest);
      }
    }
  }
};

}  // namespace

Components strong_components(const Subgraph& graph) {
  Search search(graph);
  for (std::uint32_t node = 0; node < graph.size(); ++node) {
    if (search.number[node] == 0) search.from(node);
  }
  // By first node: components get their place when their first node is met.
  Components result;
  std::vector<std::size_t> size(search.components), place(search.components);
  for (const std::uint32_t component : search.low) {
    if (component != kNone) ++size[component];
  }
  std::vector<bool> placed(search.components);
  for (const std::uint32_t component : search.low) {
    if (component == kNone || placed[component]) continue;
    placed[component] = true;
    place[component] = result.begin.back();
    result.begin.push_back(result.begin.back() + size[component]);
  }
  result.nodes.resize(result.begin.back());
  for (std::uint32_t node = 0; node < graph.size(); ++node) {
    const std::uint32_t component = search.low[node];
    if (component != kNone) result.nodes[place[component]++] = node;
  }
  return result;
}

}  // namespace heapglass
