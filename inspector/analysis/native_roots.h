// What is held by native code alone: objects that no root leads to, and whose count is
// above the references found. An orphan is one to which no reference was found at all: native code
// has lost it (a missing Py_DECREF), or keeps it in a table of its own. To the others something
// refers that is in the same case, but not as often as they count.
//
// One traversal from all roots; what is left hangs from the objects whose count is not explained,
// or is garbage that waits for the collector. O(objects + references), iterative.
#pragma once

#include <cstdint>
#include <vector>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

struct NativeRoot {
  ObjectId to{};
  std::uint32_t references = 0;  // of its count, those that nothing found holds
  bool orphan = false;
};

// In the order of ids.
std::vector<NativeRoot> native_roots(const HeapGraph& graph);
// The same where what roots lead to is known, by object id. Only what is not reached refers to what
// is not reached: O(objects + references of those).
std::vector<NativeRoot> native_roots(const HeapGraph& graph, const std::vector<bool>& reached);

}  // namespace heapglass
