// Which objects are one of many, by how they are held and by what they are: what piles up.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "inspector/analysis/ordinary.h"
#include "inspector/analysis/piles.h"
#include "inspector/analysis/shortest_paths.h"
#include "inspector/graph/columns.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

class Entries {
 public:
  // All of them must outlive it. Of `columns` descriptors and futures are asked for.
  Entries(const HeapGraph& graph, const Columns& columns, const ShortestPaths& paths,
          const TypeRoles& roles);

  // Objects of a program's own and bare containers that stand in containers, caches or chains, or
  // that are kept exceptions, finished tasks or open descriptors wherever they are. Ascending.
  std::vector<ObjectId> all() const;

  // An exception that has a traceback, and with it the frames.
  bool keeps_traceback(ObjectId object) const;
  bool is_finished(ObjectId object) const;  // a task or a future
  bool is_open(ObjectId object) const;      // a descriptor
  bool is_class(ObjectId object) const;

  // 1 where the pile is a chain whose first object is held in another way; else 0.
  std::uint64_t heads_of_chains(const Pile& pile) const;

 private:
  bool is_entry(ObjectId object) const;
  bool is_one_of_many_roots(std::uint32_t object) const;
  bool is_one_of_many(std::string_view name, std::uint32_t holder) const;
  std::uint64_t reference_to(ObjectId object) const;
  std::uint32_t holder_of(ObjectId object) const;

  const HeapGraph& graph_;
  const Columns& columns_;
  const ShortestPaths& paths_;
  const TypeRoles& roles_;
  std::optional<std::uint32_t> traceback_;  // the number of its name
  std::vector<bool> many_;                  // by root name: whether very many begin there
};

}  // namespace heapglass
