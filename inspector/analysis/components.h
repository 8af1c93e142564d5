// Strongly connected components: the objects of a component all lead to each other, so each stands
// in a cycle, and no cycle leaves its component. Tarjan's algorithm (Depth-first search and linear
// graph algorithms, 1972) with a stack of its own instead of recursion. O(nodes + references);
// 9 bytes a node, and 12 a level of the deepest path.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inspector/analysis/subgraph.h"

namespace heapglass {

// Only those with a cycle: of two nodes and more, or of one that refers to itself. In the order of
// their first nodes; nodes ascend.
struct Components {
  std::vector<std::uint32_t> nodes;
  std::vector<std::size_t> begin{0};  // of component c: [begin[c], begin[c + 1])

  std::size_t size() const { return begin.size() - 1; }
  std::span<const std::uint32_t> of(std::size_t c) const {
    return {nodes.data() + begin[c], nodes.data() + begin[c + 1]};
  }
};

Components strong_components(const Subgraph& graph);

}  // namespace heapglass
