// What is the same of labels that differ in a position or a key: `[3]` and `[4]` of a list.
#pragma once

#include <cstdint>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

// Equal for references of one sort. Items of tuples, which mean something by their position, are
// each their own; items, keys and values also tell of which type the container is, values the type
// of their key, or which context variable it is; locals of which function they are, and what is
// awaited which function that is.
std::uint64_t general_label(const HeapGraph& graph, ObjectId from, std::uint64_t reference);

}  // namespace heapglass
