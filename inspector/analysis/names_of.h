// What things are called in code, from the graph alone.
#pragma once

#include <optional>
#include <string_view>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

// What the object refers to under that label of a field or an attribute (".__code__", "<name>").
std::optional<ObjectId> field(const HeapGraph& graph, ObjectId object, std::string_view label);

// The text of a str that is a name (HeapGraph::texts); empty: it is none.
std::string_view text_of(const HeapGraph& graph, ObjectId object);

// The name of a reference: of a field, an attribute, a local; empty: it has none.
std::string_view name_of(const HeapGraph& graph, std::uint64_t reference);

// "rows" of `local rows`; empty: no local.
std::string_view local_of(const HeapGraph& graph, std::uint64_t reference);

// Whether objects of that type are suspended functions: generators, coroutines, asynchronous
// generators.
inline bool is_suspended(std::string_view type) {
  return type == "coroutine" || type == "generator" || type == "async_generator";
}

// The str that names the function of a frame, generator or coroutine; nullopt: it is none of these,
// or that is not known.
std::optional<ObjectId> function_name(const HeapGraph& graph, ObjectId object);
// "Shop.load", and of its code "shop.py"; empty where it is not known.
std::string_view function_of(const HeapGraph& graph, ObjectId object);
std::string_view file_of(const HeapGraph& graph, ObjectId object);

// The str with the name of a context variable; nullopt: the object is none.
std::optional<ObjectId> variable_name(const HeapGraph& graph, ObjectId object);
// The key of a dict's value, where it is known.
std::optional<ObjectId> key_of(const HeapGraph& graph, ObjectId dict, std::uint64_t reference);

}  // namespace heapglass
