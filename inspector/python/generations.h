// In which of the collector's generations objects stand: what tells an old object from a new one at
// its address.
#pragma once

#include "inspector/graph/columns.h"
#include "inspector/graph/heap_graph.h"
#include "inspector/python/decoders.h"
#include "inspector/python/runtime.h"

namespace heapglass {

// Of objects in the lists of all generations but the oldest, to which the other tracked ones
// belong: after a collection few are left in these. 0: the youngest. Cost: a walk over those lists.
// Empty where the collector does not have three generations.
SparseColumn<std::uint8_t> young_generations(const Runtime& runtime, const HeapGraph& graph,
                                             const Decoders& decoders);

}  // namespace heapglass
