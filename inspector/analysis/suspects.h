// The report for the engineer on call: which objects pile up, how much they keep alive, and the
// path that holds them.
//
// One look can only say what holds much. A pile (piles.h) is suspect if its objects stand in
// containers (items, keys, values, caches) or are kept exceptions or finished tasks, if there are
// many and they retain a share of the heap worth a look, and if they are not what programs hold in
// all health:
//
// - plain data (text, numbers, and containers of only these), unless a thread or a context keeps it
//   or it is a quarter of the heap and more: tables, catalogues, a data frame; the same goes for
//   what hangs from a local variable of a function that runs as long as the program (main, serve
//   …);
// - functions, code, modules and the like, and classes unless hundreds stand in one container;
// - what hangs from other running functions' variables, or what any holds directly: they are at
//   work on it;
// - libraries' own caches of a fixed size (re, linecache, typing), and lru_caches with a bound that
//   are hit more often than missed.
//
// A pile within a pile is told once, by its outermost objects; where these are bare containers (a
// dict of lists of sessions) by what they contain. Besides: garbage that nobody collects,
// references that native code lost, descriptors.
//
// Two looks say what grows: growth.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/graph/columns.h"
#include "inspector/graph/heap_graph.h"
#include "inspector/graph/weak_entry.h"

namespace heapglass {

enum class SuspectKind : std::uint8_t {
  growth,
  cache,
  container,
  exception,
  of_thread,  // "thread_local"
  task,
  garbage,
  orphan,
  native,
  dynamic_class,
  descriptor
};
std::string_view suspect_kind_name(SuspectKind kind);

struct Suspect {
  SuspectKind kind = SuspectKind::container;
  std::string type;  // untrusted text, as is the path
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;     // footprints
  std::uint64_t retained = 0;  // bytes
  double share = 0;            // of the heap, percent
  std::string path;            // empty: none
  std::string reason;
};

struct Suspicion {
  std::string verdict;            // one sentence
  std::vector<Suspect> suspects;  // most suspicious first
};

struct SuspectsInput {
  const HeapGraph& graph;  // with names
  const Columns& columns;  // descriptors, futures, caches
  std::span<const WeakEntry> weak_entries;
  bool collector_enabled = true;
  bool free_threaded = false;  // the build
};

Suspicion find_suspects(const SuspectsInput& input);

}  // namespace heapglass
