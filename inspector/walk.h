// The walk: from the allocator's pools, the collector's lists and the roots to every object and
// every reference.
//
// Most objects of a heap are small and stand in pools: they are found by a sweep over the pools'
// blocks, without following a reference, and so have their ids before anything is visited. Each is
// then visited once, in address order: its columns and references are written, and what it refers
// to outside of the pools is marked. What was marked (large objects, static ones; all of a heap
// without pools) is visited in sorted rounds until nothing new turns up, numbered, and visited once
// more to be written. Ids are ranks in sets of marks: nothing is hashed, and only addresses outside
// pools are sorted. All of it runs on several threads, by ranges of addresses.
//
// Time: linear in objects and references; tests/bench measures it. Memory: one bit for each 4
// mirrored bytes, the graph, and what references to objects outside of pools wait in.
#pragma once

#include <vector>

#include "inspector/graph/heap_graph.h"
#include "inspector/python/decoders.h"
#include "inspector/python/pymalloc.h"
#include "inspector/python/roots.h"
#include "inspector/python/runtime.h"
#include "inspector/run.h"

namespace heapglass {

// Faults, inferred_*, own_sizeof and negative_counts go to decoders.acquisition, whose gc_running
// is looked at. Throws Interrupted; Failure(incomplete) for more than 2^32 objects, or for more
// references than there are words to hold them, which only a forged heap has.
HeapGraph walk(const Runtime& runtime, const std::vector<Arena>& arenas, const RootSet& roots,
               const Decoders& decoders, const Run& run);

// The same without a result: looks at every page that walk() would look at. Throws Interrupted.
void touch_heap(const Runtime& runtime, const std::vector<Arena>& arenas, const RootSet& roots,
                const Decoders& decoders, const Run& run);

}  // namespace heapglass
