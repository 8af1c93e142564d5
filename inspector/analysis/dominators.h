// What each object keeps alive. An object dominates all that can be reached from the roots through
// it alone: what would go if it went. Its retained bytes are the footprints of those, its own among
// them.
//
// Method: one virtual root over the owners of root_edges.h, these over what they hold; the
// dominator tree of that by Lengauer and Tarjan (A Fast Algorithm for Finding Dominators in a
// Flowgraph, 1979), with simple path compression: O(references · log objects) whatever the graph,
// where semi-NCA is quadratic on a long list whose last item leads to what its first one holds too.
// Iterative everywhere. All references of the graph count; weak ones are not in it.
//
// Cost at 5 million objects: tests/bench/retained.cpp. While it works 24 bytes an object and 4 a
// reference; the result has 24 bytes an object.
#pragma once

#include <cstdint>
#include <vector>

#include "inspector/analysis/root_edges.h"
#include "inspector/graph/big_vector.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

// Nodes are the objects by id, then the owners of `roots`, then the virtual root. The owner of what
// is garbage dominates all of it.
struct Dominators {
  RootEdges roots;
  std::vector<RootEdge> used;  // those that count, of all levels
  std::size_t objects = 0;

  BigVector<std::uint32_t> dominator;  // by node: the nearest one; of the root: itself
  // The tree in preorder: the subtree of node v is preorder[position[v]] and what follows it, of
  // nodes[v] nodes in all. The root is first, then each owner is followed by what it alone holds;
  // what several owners hold stands beside them, under the root.
  BigVector<std::uint32_t> preorder, position;
  BigVector<std::uint32_t> nodes;  // by node: those dominated, itself among them
  BigVector<std::uint64_t> bytes;  // by node: retained

  std::uint32_t owner_node(std::size_t owner) const {
    return static_cast<std::uint32_t>(objects + owner);
  }
  std::uint32_t root() const { return static_cast<std::uint32_t>(objects + roots.owners.size()); }
  bool is_object(std::uint32_t node) const { return node < objects; }
  // Objects that go with the node; an owner is none.
  std::uint64_t retained_objects(std::uint32_t node) const {
    return nodes[node] - (is_object(node) ? 0 : 1);
  }

  // Calls with each node whose nearest dominator is `node`.
  template <class Call>
  void for_each_child(std::uint32_t node, const Call& call) const {
    const std::size_t end = std::size_t{position[node]} + nodes[node];
    for (std::size_t at = std::size_t{position[node]} + 1; at < end; at += nodes[preorder[at]]) {
      call(preorder[at]);
    }
  }
};

// Throws Failure(incomplete) for more than 2^32 references.
Dominators dominators(const HeapGraph& graph);
// Over other owners than root_edges() makes.
Dominators dominators(const HeapGraph& graph, RootEdges roots);

}  // namespace heapglass
