// Answers from the dominator tree: the heaviest objects, types, modules and threads, and what
// several hold together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspector/analysis/dominators.h"

namespace heapglass {

// Most retained bytes first; at most `most`. `of_type`: by TypeId, which types are asked for;
// empty: all, but of a row of objects where each has 95 % of what it retains from the next one (a
// class, its method, that one's cache, the cache's dict) the last alone.
std::vector<ObjectId> heaviest_objects(const HeapGraph& graph, const Dominators& tree,
                                       const std::vector<bool>& of_type, std::size_t most);

// All of them, each for itself.
std::vector<ObjectId> heaviest_objects(const HeapGraph& graph, const Dominators& tree);

struct RetainedRow {
  std::string name;
  std::uint64_t count = 0;  // objects of the type; 0 of an owner
  std::uint64_t bytes = 0;  // their footprints
  std::uint64_t retained_bytes = 0;
  std::uint64_t retained_objects = 0;
};

// Types of one name are one row. What objects of the type retain together, each object counted
// once: an object that another one of its type dominates adds nothing. Most retained bytes first.
std::vector<RetainedRow> retained_by_type(const HeapGraph& graph, const Dominators& tree);

// Of all owners of that kind, and last, without a name, what several owners of any kind hold. A
// module's row has what its dict alone holds too, though functions elsewhere refer to that dict.
std::vector<RetainedRow> retained_by_owner(const HeapGraph& graph, const Dominators& tree,
                                           OwnerKind kind);

}  // namespace heapglass
