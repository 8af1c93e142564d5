// Fills the columns of a graph (graph/columns.h): one more look at those objects whose type has
// one. Cost: a pass over the objects; contents of str and bytes are read only for their hashes.
#pragma once

#include "inspector/graph/columns.h"
#include "inspector/python/decoders.h"
#include "inspector/run.h"

namespace heapglass {

// `graph` as walk() gave it from `decoders`. What does not fit its memory has no value; it was
// counted as a fault by the walk. `wanted`: of ColumnSet. Throws Interrupted.
Columns read_columns(const HeapGraph& graph, const Decoders& decoders, unsigned wanted,
                     const Run& run);

}  // namespace heapglass
