// Why is it alive: for every object one path from a root, the one that a programmer finds easiest
// to follow. Never through weak references, which the graph does not hold.
//
// Method: Dijkstra's shortest paths from all roots at once, level by level (root_edges.h), with
// small whole lengths in buckets (Dial, Algorithm 360, 1969): an attribute or an item is one step,
// an instance's dict is none; what every program is tied together by (types, `__globals__`,
// `__mro__`, callers' frames …) is as long as many steps, so that it is on a path only where there
// is no other. O(references). While it works 12 bytes an object, the result has 8.
#pragma once

#include <cstdint>
#include <vector>

#include "inspector/analysis/root_edges.h"
#include "inspector/graph/big_vector.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

struct ShortestPaths {
  static constexpr std::uint32_t kNone = UINT32_MAX;

  RootEdges roots;
  std::vector<RootEdge> used;  // the edges that begin paths

  // By object: who refers to it on its path. Itself: a root does, and `via` is in `used`.
  // kNone: there is no path, it is garbage.
  BigVector<std::uint32_t> parent;
  // Which of the parent's references it is, counted from the parent's first.
  BigVector<std::uint32_t> via;

  bool has(ObjectId object) const { return parent[index(object)] != kNone; }
};

ShortestPaths shortest_paths(const HeapGraph& graph);

struct PathStep {
  ObjectId to{};
  std::uint64_t reference = 0;  // in HeapGraph::reference_to; leads to `to`
};

struct Path {
  RootEdge root;  // leads to the first object
  std::vector<PathStep> steps;

  ObjectId end() const { return steps.empty() ? root.to : steps.back().to; }
};

// `object` must have one.
Path path_to(const HeapGraph& graph, const ShortestPaths& paths, ObjectId object);

// That one, and then one by each other root that holds the object and each other object that refers
// to it and whose own path does not lead through it: the ways to it that a program has to cut. At
// most `most`, shortest first. O(references).
std::vector<Path> paths_to(const HeapGraph& graph, const ShortestPaths& paths, ObjectId object,
                           std::size_t most);

}  // namespace heapglass
