// Which types have something run before their objects go: tp_finalize, tp_del (PyTypeObject).
#pragma once

#include "inspector/graph/heap_graph.h"
#include "inspector/python/decoders.h"

namespace heapglass {

// Fills TypeRecord::finalizer and is_class. `graph` as walk() gave it from `decoders`.
void find_finalizers(HeapGraph& graph, const Decoders& decoders);

}  // namespace heapglass
