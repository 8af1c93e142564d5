// What sort of thing a path leads through, told by the path itself and not by its words, which an
// attribute may happen to have.
#pragma once

#include <optional>

#include "inspector/analysis/shortest_paths.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

// The functools.lru_cache whose keys or results it leads through; nullopt: none.
std::optional<ObjectId> cache_of(const HeapGraph& graph, const Path& path);

// Through what a thread or a context keeps: a thread's dict or context, a threading.local, the
// value of a context variable.
bool is_of_thread(const HeapGraph& graph, const Path& path);

}  // namespace heapglass
