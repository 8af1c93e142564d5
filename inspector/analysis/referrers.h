// Who refers to these objects: one pass over the references, and no index of all of them. By kind:
// references from objects of one type under one label (positions in containers are all one) are one
// row. O(references + objects); an index of all referrers would take as long to build and 12 bytes
// a reference to keep, and each command asks once.
#pragma once

#include <cstdint>
#include <vector>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

struct ReferrerKind {
  ObjectId example{};           // the first object that refers so
  std::uint64_t reference = 0;  // the first such reference of it
  std::uint64_t references = 0;
  std::uint64_t objects = 0;  // of those asked for, how many it leads to
};

struct RootReferrer {
  std::uint32_t root = 0;  // the first one of that name, in HeapGraph::roots
  std::uint64_t objects = 0;
};

struct Referrers {
  std::vector<ReferrerKind> kinds;  // most references first
  std::vector<RootReferrer> roots;  // by name of the root; interned strings and static types too
  std::uint64_t references = 0;     // from objects
};

Referrers referrers(const HeapGraph& graph, const std::vector<ObjectId>& objects);

}  // namespace heapglass
