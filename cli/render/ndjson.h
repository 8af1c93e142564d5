// The object graph as NDJSON ("heapglass.graph/1"): one object a line, for other tools.
#pragma once

#include <string>

#include "inspector/graph/heap_graph.h"

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

}  // namespace heapglass
