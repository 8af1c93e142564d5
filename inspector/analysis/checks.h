// Assertions about a heap, for scripts: at most so many objects or bytes of some types, so much
// retained, so much growth since an earlier look, no garbage in cycles. Types are meant by a shell
// glob on their full name; a limit is for all that match together.
//
// One pass over the objects for each; dominators only where something is said of retained bytes,
// paths only where something failed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/graph/heap_graph.h"
#include "inspector/graph/weak_entry.h"

namespace heapglass {

enum class Limit : std::uint8_t {
  count,     // objects
  bytes,     // sys.getsizeof
  retained,  // bytes that would go with them all
  growth,    // percent more objects than in the earlier look
  garbage    // objects in garbage cycles, or hanging off them
};
std::string_view limit_name(Limit limit);  // "max_count" …, as options and JSON have it

struct Check {
  Limit limit = Limit::count;
  std::string types;  // a glob; empty: garbage
  double most = 0;
};

struct FailedCheck {
  Check check;
  double found = 0;          // in the limit's unit; growth from nothing: infinite
  std::uint64_t before = 0;  // of growth: objects then
  std::uint64_t count = 0;   // objects now
  std::string path;          // that holds most of them, of garbage a cycle; empty: none
  std::uint64_t held = 0;    // how many it holds
};

struct Checked {
  std::vector<FailedCheck> failed;  // in their order
  std::size_t passed = 0;
};

struct CheckedHeap {
  const HeapGraph& graph;  // with names
  std::span<const WeakEntry> weak_entries;
  const HeapGraph* before = nullptr;  // for growth
  bool free_threaded = false;         // the build
};

// Growth without `before` must not be asked.
Checked run_checks(const CheckedHeap& heap, std::span<const Check> checks);

}  // namespace heapglass
