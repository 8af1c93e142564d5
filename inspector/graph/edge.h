// The name of a reference in 32 bits: its kind, what sort of label it has, and an index. labels.h
// makes a text of it.
//
// What a visit of one object cannot know, name_references() (python/name_references.h) puts in
// afterwards: which dicts are namespaces, what the locals of a frame are called.
#pragma once

#include <cstdint>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

enum class LabelKind : std::uint8_t {
  field,  // of a C field, a table or a slot: index into HeapGraph::names (".__globals__")
  item,   // [i]: index is i, saturated. In a dict: the position of a key that it shares, not yet
          // named
  key,    // a key of a dict
  value,  // a dict's value: its key is the target of the reference before this one
  attribute,  // an attribute in no slot, a global, a local, by name: index into HeapGraph::names
  local,      // of a frame, not yet named: index is its position
  stack,      // of a frame's value stack: index from its bottom
  unnamed     // index is the offset in the object of what was read conservatively
};

// kind: 2 bits, label: 3 bits, index: 27 bits.
constexpr std::uint32_t kEdgeIndexMax = (std::uint32_t{1} << 27) - 1;

constexpr std::uint32_t edge_code(ReferenceKind kind, LabelKind label, std::uint64_t index) {
  const auto cut = static_cast<std::uint32_t>(index < kEdgeIndexMax ? index : kEdgeIndexMax);
  return static_cast<std::uint32_t>(kind) << 30 | static_cast<std::uint32_t>(label) << 27 | cut;
}
constexpr ReferenceKind edge_kind(std::uint32_t edge) {
  return static_cast<ReferenceKind>(edge >> 30);
}
constexpr LabelKind edge_label(std::uint32_t edge) {
  return static_cast<LabelKind>(edge >> 27 & 7);
}
constexpr std::uint32_t edge_index(std::uint32_t edge) { return edge & kEdgeIndexMax; }

}  // namespace heapglass
