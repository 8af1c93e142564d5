// What is run before objects go: which types have a tp_finalize or tp_del (PyTypeObject), and which
// generators theirs will close (Objects/genobject.c, _PyGen_Finalize).
#pragma once

#include "inspector/graph/heap_graph.h"
#include "inspector/python/decoders.h"

namespace heapglass {

// Fills TypeRecord::finalizer and is_class, and sets HeapGraph::kClosed. `graph` as walk() gave it
// from `decoders`.
void find_finalizers(HeapGraph& graph, const Decoders& decoders);

}  // namespace heapglass
