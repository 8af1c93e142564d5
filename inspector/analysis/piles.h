// Piles: objects of one type that are held in one way (path_shapes.h), with what they retain. A
// leak is a pile that grows; most of what a program needs is none.
#pragma once

#include <cstdint>
#include <vector>

#include "inspector/analysis/dominators.h"
#include "inspector/analysis/path_shapes.h"

namespace heapglass {

struct Pile {
  ObjectId example{};  // the first of them
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;     // footprints
  std::uint64_t retained = 0;  // bytes that would go with them all, each object counted once
  std::vector<ObjectId> some;  // the first few
};

// Of `objects`, ascending; most retained bytes first. Those without a path are in no pile. Types of
// one name are one type. O(heap).
std::vector<Pile> piles(const HeapGraph& graph, const Dominators& tree, const ShortestPaths& paths,
                        const std::vector<ObjectId>& objects);

}  // namespace heapglass
