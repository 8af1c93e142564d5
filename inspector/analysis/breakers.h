// Of a component too large to be shown: a few kinds of references without which it falls apart.
//
// A kind is the type of the holder and the label, "Node.parent". Greedy: of the kinds that close
// most cycles (references back to an object that the depth-first search is still inside of) the one
// is taken that leaves the smallest largest component; then again with what is left. O(kinds tried
// times the component); which references are back ones depends on where the search began, so it is
// a good set, not the smallest.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "inspector/analysis/subgraph.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

struct Breaker {
  std::string kind;                // "Node.parent"
  std::uint64_t references = 0;    // of that kind within the component
  std::uint64_t largest_left = 0;  // objects of the largest component without it and those before
};

std::vector<Breaker> find_breakers(const HeapGraph& graph, const Subgraph& part,
                                   std::span<const std::uint32_t> component);

}  // namespace heapglass
