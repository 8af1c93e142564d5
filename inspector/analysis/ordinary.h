// What every program has plenty of, by the names of types: so that a report can look past it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/analysis/shortest_paths.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

enum class TypeRole : std::uint8_t {
  own,             // none of these: what a program itself is about
  plain_value,     // text, numbers, dates
  bare_container,  // list, dict, tuple, set, deque …: something else's entries
  machinery        // functions, code, cells, descriptors, modules, weak references
};
TypeRole type_role(std::string_view type);

// By TypeId.
class TypeRoles {
 public:
  explicit TypeRoles(const HeapGraph& graph);

  TypeRole of(ObjectId object) const { return roles_[index(graph_.type[index(object)])]; }

 private:
  const HeapGraph& graph_;
  std::vector<TypeRole> roles_;
};

// A path, as path_text() writes it, into a library's own cache of a fixed size, or into what the
// interpreter keeps for itself.
bool is_own_cache(std::string_view path);

// Objects to which no path leads, told by the type of a program's own that is the most frequent
// among them (of equally many by name).
struct Unheld {
  std::string type;
  std::uint64_t count = 0;      // of that type
  std::uint64_t footprint = 0;  // of all
};
// `among`: by object; empty: all.
Unheld find_unheld(const HeapGraph& graph, const ShortestPaths& paths, const TypeRoles& roles,
                   const std::vector<bool>& among = {});

}  // namespace heapglass
