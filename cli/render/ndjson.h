// The object graph as NDJSON ("heapglass.graph/1"): one object a line, for other tools.
#pragma once

#include <string>
#include <vector>

#include "inspector/graph/heap_graph.h"
#include "inspector/python/roots.h"

namespace heapglass {

// Writes lines of objects; knows the graph, and each type's name already as JSON.
class ObjectLines {
 public:
  // The graph must outlive it.
  explicit ObjectLines(const HeapGraph& graph);

  // Appends the line of object `i`:
  // {"address","type","size","footprint","refcount","tracked","references":[...],"also":[...]}
  // with "inferred": [...] only where there are such references. An address
  // stands in a list as often as there are references to it.
  void append(std::string& to, std::size_t i) const;

 private:
  bool append_references(std::string& to, std::size_t i, ReferenceKind kind) const;  // any?

  const HeapGraph& graph_;
  std::vector<std::string> type_names_;  // by TypeId
};

// The items of "roots" in the export's first line, and its "root_counts": interned strings and
// static types are many, so they are only counted.
class RootItems {
 public:
  // The set must outlive it.
  explicit RootItems(const RootSet& roots);

  // Appends root `i`: {"kind","name","address","hold"}; not if it is one of those that are counted.
  void append(std::string& to, std::size_t i);
  // {"interned": n, "static_type": n}, of those that append() was asked for.
  void append_counts(std::string& to) const;

 private:
  const RootSet& roots_;
  std::vector<std::string> names_;  // as JSON
  std::size_t interned_ = 0, static_types_ = 0;
  bool any_ = false;
};

}  // namespace heapglass
