// Large allocations are asked for before they are made: a heap may be larger than the memory of
// where it is looked at.
#pragma once

#include <cstdint>

#include "inspector/graph/heap_graph.h"
#include "inspector/run.h"

namespace heapglass {

// Failure(incomplete) with the option that would allow it, where `more` bytes beside what is in use
// are above the run's budget.
void require_memory(const Run& run, std::uint64_t more);

// What analyses need at most while they work, their results included.
std::uint64_t memory_of_dominators(const HeapGraph& graph);
std::uint64_t memory_of_paths(const HeapGraph& graph);

}  // namespace heapglass
