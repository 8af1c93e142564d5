// From where the whole heap hangs, as one graph: owners (a module, a thread, the interpreter …) and
// their edges to objects, in levels. An edge of a level counts only where no level before it leads
// to the object: a quarter of a heap is interned strings and static types, and what lies on a value
// stack may be left over, so that without levels nothing would be held by what holds it.
//
// Used by what traverses from the roots (dominators.h, shortest_paths.h): for each of kRootLevels
// ask level_edges() with what was reached by the levels before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

enum class OwnerKind : std::uint8_t {
  module,       // one for each name in sys.modules
  thread,       // its frames and its state
  interpreter,  // interpreters' states and the runtime's
  interned,
  static_type,
  native,  // references that nothing found explains (native_roots.h), and immortal objects
  orphan,  // of these, objects that nothing found refers to
  garbage  // what only garbage refers to
};
std::string_view owner_kind_name(OwnerKind kind);

struct Owner {
  OwnerKind kind = OwnerKind::module;
  std::string name;  // "module shop", `thread 4711 "worker-3"`; untrusted text
};

inline constexpr std::uint32_t kNoRoot = UINT32_MAX;

struct RootEdge {
  ObjectId to{};
  std::uint32_t owner = 0;       // in RootEdges::owners
  std::uint32_t root = kNoRoot;  // in HeapGraph::roots
};

enum class RootLevel : std::uint8_t {
  named,     // modules, threads with their frames, interpreters
  inferred,  // value stacks of which the depth is not known
  shared,    // interned strings, static types
  native,
  garbage
};
inline constexpr std::size_t kRootLevels = 5;

struct RootEdges {
  std::vector<Owner> owners;
  std::vector<RootEdge> levels[3];  // those that are in HeapGraph::roots: named, inferred, shared
};

// O(roots).
RootEdges root_edges(const HeapGraph& graph);

// Of that level, to what is not `reached` (by object id). O(roots); of `native` and `garbage`
// O(objects + references of what is not reached). Edges of `garbage` are one for each part that
// nothing else leads to, so that all objects are reached after it.
std::vector<RootEdge> level_edges(const HeapGraph& graph, const RootEdges& edges, RootLevel level,
                                  const std::vector<bool>& reached);

}  // namespace heapglass
