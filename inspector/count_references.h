// What the counts of objects say of the references found: a reference too many is a wrong layout,
// one too few is held by what nobody decodes.
#pragma once

#include <atomic>
#include <vector>

#include "inspector/graph/heap_graph.h"
#include "inspector/python/type_table.h"

namespace heapglass {

// How many references lead to each object that its count should have; and whether there are holes.
struct Incoming {
  BigVector<std::uint32_t> count;
  std::atomic<bool> holes = false;
};

// Of objects that count theirs, without inferred ones; and of roots.
void count_incoming(const HeapGraph& graph, std::size_t workers, Incoming& incoming);

// What the counts of all objects say of the references found.
struct CountSums {
  std::vector<std::uint64_t> objects;  // by new type number
  std::uint64_t negative = 0;
  std::uint64_t counted = 0, matched = 0;  // references: of all counts; of these, found
};

// `types`: by new number, which replaces that of resolution in graph.type.
CountSums compare_counts(const std::vector<const TypeInfo*>& types, const Incoming& incoming,
                         HeapGraph& graph, std::size_t workers);

// Objects that have more references than their count from what the collector's lists and the roots
// lead to without a guess. What is reached by inferred references alone may be no object, and what
// it seems to refer to says nothing of the layout. On one thread: asked for only where the sum over
// all objects is in doubt.
std::uint64_t count_negative_of_reached(const HeapGraph& graph);

}  // namespace heapglass
