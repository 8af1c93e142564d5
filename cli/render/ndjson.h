// The object graph as NDJSON ("heapglass.graph/1"): one object a line, for other tools.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inspector/analysis/native_roots.h"
#include "inspector/graph/columns.h"
#include "inspector/graph/heap_graph.h"
#include "inspector/graph/labels.h"
#include "inspector/python/contents.h"

namespace heapglass {

// Writes lines of objects; knows the graph, and each type's name already as JSON.
class ObjectLines {
 public:
  // The graph must outlive it, and so must `columns` and `contents`, which may be null.
  explicit ObjectLines(const HeapGraph& graph, bool labels = false,
                       const Columns* columns = nullptr, Contents* contents = nullptr);

  // Appends the line of object `i`:
  // {"address","type","size","footprint","refcount","tracked","references":[...],"also":[...]}
  // with "inferred": [...] only where there are such references. An address
  // stands in a list as often as there are references to it. With labels "edges", "also_edges" and
  // "inferred_edges" are parallel to the three; with contents a "value" is behind the type where
  // there is one to show; with columns what they have of it behind "tracked".
  void append(std::string& to, std::size_t i) const;

 private:
  bool append_references(std::string& to, std::size_t i, ReferenceKind kind) const;  // any?
  void append_columns(std::string& to, ObjectId id) const;
  void append_edges(std::string& to, std::size_t i, ReferenceKind kind) const;

  const HeapGraph& graph_;
  bool labels_;
  const Columns* columns_;
  Contents* contents_;
  KeyText key_text_;
  std::vector<std::string> type_names_;  // by TypeId
};

// The items of "roots" in the export's first line, and its "root_counts": interned strings and
// static types are many, so they are only counted.
class RootItems {
 public:
  // The graph must outlive it.
  explicit RootItems(const HeapGraph& graph);

  // Appends root `i`: {"kind","name","address","hold"}; not if it is one of those that are counted.
  void append(std::string& to, std::size_t i);
  // What native code alone holds, and how many of its references it has.
  void append(std::string& to, const NativeRoot& root);
  // {"interned": n, "static_type": n}, of those that append() was asked for.
  void append_counts(std::string& to) const;

 private:
  void append_item(std::string& to, std::string_view kind, std::string_view json_name,
                   ObjectId object, RootHold hold);

  const HeapGraph& graph_;
  std::vector<std::string> names_;  // as JSON
  std::size_t interned_ = 0, static_types_ = 0;
  bool any_ = false;
};

}  // namespace heapglass
