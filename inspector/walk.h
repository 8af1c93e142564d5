// The walk: from the collector's lists to every object and every reference.
//
// Two passes. discover() finds the objects: it sweeps the mirrored memory in address order,
// visiting each object that is marked so far and marking what it refers to; what is marked behind
// the sweep is visited in sorted batches afterwards. Reading in address order rather than chasing
// pointers is what makes it fast. build_graph() then visits each object once more, in order, and
// writes its columns and references; ids are ranks in the set of marks, so nothing is sorted or
// hashed.
//
// Cost: each object's body is read twice; memory, one bit per 8 mirrored bytes, and the graph.
#pragma once

#include <vector>

#include "inspector/graph/heap_graph.h"
#include "inspector/graph/object_set.h"
#include "inspector/python/decoders.h"
#include "inspector/python/runtime.h"
#include "inspector/run.h"

namespace heapglass {

struct WalkOptions {
  bool collector_only = false;  // follow just what gc.get_referents would show
  bool references = true;       // fill HeapGraph::reference_*
  bool touch_sizes = false;     // discover() looks at what size_of() would: for the choice of pages
};

// Objects that have a type and can be visited; numbered. Throws Interrupted.
ObjectSet discover(const Runtime& runtime, const Decoders& decoders, const WalkOptions& options,
                   const Run& run);

// `objects` as discover() gave it. Fills acquisition's inferred_*, own_sizeof and negative_counts
// through decoders.acquisition. Throws Interrupted.
HeapGraph build_graph(const ObjectSet& objects, const Decoders& decoders,
                      const WalkOptions& options, const Run& run);

}  // namespace heapglass
