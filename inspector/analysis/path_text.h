// Paths as a programmer writes them:
//
//     shop.registry._open[<str>].lines[3]
//     shop.Invoice.total (lru_cache) → key[0]
//     local rows in load() at jobs.py:12
//     thread-locals of thread 4711 "worker-3" → [<str>]
//     context of thread 4711 "worker-3" → [request_id]
//     app.tasks → member._coro → await fetch() → local body in fetch()
//
// Instances and their dicts are one step; what follows an arrow is no expression of Python's, but a
// field, a key, a member, a local. Names are untrusted text.
#pragma once

#include <string>

#include "inspector/analysis/shortest_paths.h"
#include "inspector/graph/labels.h"

namespace heapglass {

// Of a long path (of a list nested a million deep) the beginning and the end.
std::string path_text(const HeapGraph& graph, const Path& path, const KeyText& key_text = {});

// The same for all paths of one shape (path_shapes.h): positions in containers are `[…]`; those in
// tuples, where they mean something, are told.
std::string shape_text(const HeapGraph& graph, const Path& path);

// One label in the general form that shape_text() has.
std::string general_label_text(const HeapGraph& graph, ObjectId from, std::uint64_t reference);

// A root in words: "module shop", `local rows in load() at jobs.py:12`.
std::string root_text(const HeapGraph& graph, const RootEdge& root);

}  // namespace heapglass
