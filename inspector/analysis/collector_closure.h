// What the target itself could see of its heap: the objects that gc.get_objects() gives, and what
// gc.get_referents() leads to from there. One iterative traversal, O(objects + references).
#pragma once

#include <vector>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

// By object id. References read conservatively count as shown; objects put aside by gc.freeze()
// are in it only where others lead to them, since gc.get_objects() leaves them out.
std::vector<bool> collector_closure(const HeapGraph& graph);

}  // namespace heapglass
