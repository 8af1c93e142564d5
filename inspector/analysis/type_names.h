// Types of one name are one type to whoever reads a result: classes that are made anew again and
// again, one of each test or request.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

struct TypeNames {
  std::vector<std::string_view> names;  // in the order of the types that have them first
  std::vector<std::uint32_t> number;    // by TypeId, in `names`

  std::uint32_t of(const HeapGraph& graph, ObjectId object) const {
    return number[index(graph.type[index(object)])];
  }
};

// `graph` must outlive it.
TypeNames type_names(const HeapGraph& graph);

}  // namespace heapglass
