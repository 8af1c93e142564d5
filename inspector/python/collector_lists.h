// The collector's lists (Modules/gcmodule.c): circular, doubly linked through PyGC_Head.
#pragma once

#include "inspector/graph/object_set.h"
#include "inspector/python/decoders.h"

namespace heapglass {

// Inserts every object of the list whose head stands at `head`. A list that does not close is
// followed backwards too, from its end up to what is known, and counted as broken once. Ends after
// as many steps as there can be objects, whatever the list looks like.
void walk_collector_list(Address head, const Decoders& decoders, ObjectSet& found);

}  // namespace heapglass
