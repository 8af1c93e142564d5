// Which objects a command is asked about: --type and --address.
#pragma once

#include <vector>

#include "cli/command.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

// Failure(usage) without either, before the process is read.
void require_selection(const Context& context);

// By TypeId: whose name matches --type; all where there is none.
std::vector<bool> selected_types(const Context& context, const HeapGraph& graph);

// In the order of ids. Failure(usage) where there are none, or where what stands at --address is
// not (or no longer) of that --type.
std::vector<ObjectId> select_objects(const Context& context, const HeapGraph& graph);

}  // namespace heapglass
