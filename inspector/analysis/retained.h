// Answers from the dominator tree: the heaviest objects, types, modules and threads, and what
// several hold together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspector/analysis/dominators.h"

namespace heapglass {

// Most retained bytes first; at most `most`. `of_type`: by TypeId, which types are asked for. An
// instance's or module's dict that it alone holds is left out: the instance stands for it.
std::vector<ObjectId> heaviest_objects(const HeapGraph& graph, const Dominators& tree,
                                       const std::vector<bool>& of_type, std::size_t most);

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
