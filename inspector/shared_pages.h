// Which objects of a process still stand on pages that other processes have too: what a fork left
// shared, and what the counts of references, which stand in the objects, have made private since.
//
// By the page map, which needs no more permission than to read the process. As it is just after a
// look. A file's own pages count as shared.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

// By object: whether the page that it begins on is another process's too. nullopt: it is not told.
std::optional<std::vector<bool>> on_shared_pages(pid_t pid, const HeapGraph& graph);

}  // namespace heapglass
