// Weak references whose callbacks are those of the modules weakref and _weakrefset
// (Lib/weakref.py, Lib/_weakrefset.py): what these do is known.
#pragma once

#include <vector>

#include "inspector/graph/weak_entry.h"
#include "inspector/python/decoders.h"

namespace heapglass {

// Of the objects of `graph`, as walk() gave it from `decoders`.
std::vector<WeakEntry> find_weak_entries(const HeapGraph& graph, const Decoders& decoders);

}  // namespace heapglass
