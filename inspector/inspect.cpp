#include "inspector/inspect.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "inspector/count_references.h"
#include "inspector/open_target.h"
#include "inspector/python/collector_state.h"
#include "inspector/python/columns.h"
#include "inspector/python/finalizers.h"
#include "inspector/python/mimalloc.h"
#include "inspector/python/name_references.h"
#include "inspector/python/pymalloc.h"
#include "inspector/python/runtime.h"
#include "inspector/python/weak_entries.h"
#include "inspector/target/copy.h"
#include "inspector/target/self.h"
#include "inspector/walk.h"

namespace heapglass {

namespace {

using namespace std::chrono_literals;

constexpr int kMostStops = 4;  // before a view of a running collector is accepted

Decoders decoders_for(const OpenTarget& target, Mirror& mirror, TypeTable& types,
                      Acquisition* acquisition) {
  Decoders decoders{target.layout,
                    mirror,
                    types,
                    acquisition,
                    {},
                    target.runtime.lookdict,
                    target.runtime.property_arguments};
  for (const InterpreterState& state : target.runtime.interpreters) {
    for (const AddressRange& table : {state.static_type_states, state.extension_type_states}) {
      if (table.size() != 0) decoders.static_type_states.push_back(table);
    }
  }
  return decoders;
}

// Arenas of pymalloc's, or segments of mimalloc's.
std::vector<Arena> arenas_of(const OpenTarget& target, Mirror& mirror) {
  if (target.layout.has(Fact::sizeof_mi_page_s)) {
    return find_segments(target.runtime, target.layout, mirror);
  }
  return find_arenas(target.interpreter, target.runtime, target.layout, mirror);
}

// What of them holds nothing but small objects and is copied without a look.
std::vector<AddressRange> ranges_to_copy(const OpenTarget& target, const std::vector<Arena>& arenas,
                                         Mirror& mirror) {
  if (target.layout.has(Fact::sizeof_mi_page_s)) {
    return small_object_ranges(arenas, target.layout, mirror);
  }
  std::vector<AddressRange> ranges;
  ranges.reserve(arenas.size());
  for (const Arena& arena : arenas) ranges.push_back(arena.range);
  return ranges;
}

// While the collector works, objects are in no list: wait for its end, without a stop.
void wait_for_collector(const OpenTarget& target, Memory& memory) {
  const auto until = std::chrono::steady_clock::now() + 2s;
  while (collector_running(target.runtime, memory) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(1ms);
  }
}

void check_budgets(const OpenTarget& target, const PageChoice& choice,
                   std::chrono::nanoseconds estimate, const Run& run) {
  const std::uint64_t needed = memory_needed(choice);
  const std::uint64_t budget = memory_budget(run);
  const auto mb = [](std::uint64_t bytes) { return std::to_string((bytes >> 20) + 1) + "M"; };
  const pid_t pid = target.process.pid();
  if (needed > budget) {
    throw Failure(Exit::incomplete,
                  "reading process " + std::to_string(pid) + " needs about " + mb(needed) +
                      " of memory here and may use " + mb(budget) +
                      (shares_cgroup(pid) ? ", which counts against the target's own limit" : ""),
                  run.max_memory != 0 ? "--max-memory " + mb(needed)
                                      : "run heapglass on the host, or with --max-memory " +
                                            mb(needed) + " if that much is really free");
  }
  if (estimate > run.max_pause) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(estimate).count();
    throw Failure(Exit::incomplete,
                  "the target would be stopped for about " + std::to_string(ms) +
                      " ms, longer than --max-pause allows; nothing was stopped",
                  "--max-pause " + std::to_string(ms * 3 / 2 + 10) + "ms");
  }
}

void describe_stop(const PausedCopy& copy, const PageChoice& choice, std::chrono::nanoseconds pause,
                   std::chrono::nanoseconds estimate, Acquisition& acquisition) {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  acquisition.mode = Mode::pause;
  acquisition.taken_at = std::chrono::system_clock::now();
  acquisition.pause_ms = Milliseconds(pause).count();
  acquisition.estimated_pause_ms = Milliseconds(estimate).count();
  acquisition.threads = copy.stop.threads;
  acquisition.on_cpu_threads = copy.stop.on_cpu_threads;
  acquisition.bytes_read = copy.bytes;
  acquisition.bytes_left_out = choice.bytes_left_out;
}

// Counts of our own references above an object's own count: some decoder reads what is not there.
void check_counts(const Acquisition& acquisition, const HeapGraph& graph, const Layout& layout) {
  constexpr std::uint64_t kOneIn = 100'000;
  const std::uint64_t most = graph.size() / kOneIn + 1;
  if (acquisition.negative_counts <= most || count_negative_of_reached(graph) <= most) return;
  throw Failure(Exit::not_cpython,
                "layout " + layout.name + " does not fit this build: " +
                    std::to_string(acquisition.negative_counts) + " of " +
                    std::to_string(graph.size()) + " objects have more references than their count",
                "heapglass doctor -v PID, and report its output");
}

// Where the debug allocator puts marks around each block (PYTHONMALLOC=debug, Py_DEBUG), objects do
// not stand where the sweep over the pools looks: they are found by references, and how much of the
// blocks they explain cannot be told. Nor can it of mimalloc's pages, in which tables of all sizes
// stand.
bool sweep_found_most(const HeapGraph& graph, const Layout& layout,
                      const std::vector<Arena>& arenas) {
  if (layout.has(Fact::sizeof_mi_page_s)) return false;
  std::size_t missed = 0, arena = 0;  // of the others, those in arenas; both ascend
  for (std::size_t i = graph.pooled; i < graph.size(); ++i) {
    while (arena < arenas.size() && arenas[arena].range.end <= graph.address[i]) ++arena;
    if (arena < arenas.size() && arenas[arena].range.begin <= graph.address[i]) ++missed;
  }
  return graph.pooled > missed;
}

}  // namespace

std::uint64_t memory_needed(const PageChoice& choice) {
  // The copy, and for a heap of small objects about as much again for the graph.
  constexpr std::uint64_t kBase = 64 << 20;
  return choice.bytes_copied * 2 + kBase;
}

std::uint64_t memory_budget(const Run& run) {
  return run.max_memory != 0 ? run.max_memory : free_memory_here() / 2;
}

Inspection inspect(pid_t pid, const InspectOptions& options, const Run& run) {
  offer_ourselves_to_the_oom_killer();
  OpenTarget target = open_target(pid);
  ProcessMemory live(pid);

  const std::vector<Mapping> maps = read_maps(pid);
  PresentMemory source(pid, maps);
  Mirror look = first_look_memory(maps, source);
  std::vector<Arena> arenas = arenas_of(target, look);
  if (arenas.empty() && target.layout.has(Fact::sizeof_mi_page_s)) {
    // Another release of mimalloc: what nothing refers to would be missed without a word.
    throw Failure(Exit::not_cpython,
                  "layout " + target.layout.name + " does not fit this build: no segment of " +
                      "mimalloc's is where sys.modules stands",
                  "heapglass doctor -v " + std::to_string(pid) + ", and report its output");
  }
  const std::vector<AddressRange> arena_ranges = ranges_to_copy(target, arenas, look);
  run.report("choosing pages", -1);
  PageChoice choice = choose_pages(pid, maps, arena_ranges, [&](Mirror& mirror) {
    TypeTable types(target.layout, mirror, target.runtime.type_type,
                    target.runtime.subtype_traverse);
    const Decoders decoders = decoders_for(target, mirror, types, nullptr);
    touch_heap(target.runtime, arenas, read_roots(target.runtime, decoders), decoders, run);
  });

  std::chrono::nanoseconds longest_pause{};
  for (int stop = 1;; ++stop) {
    const std::vector<Mapping> current = read_maps(pid);
    const auto estimate = estimate_pause(pid, choice, target.process.facts().threads);
    check_budgets(target, choice, estimate, run);
    wait_for_collector(target, live);
    target.process.require_alive();

    Inspection result;
    Acquisition& acquisition = result.acquisition;
    PausedCopy copy = copy_paused(pid, current, choice, run);
    target.process.require_alive();  // else it may be another program's memory
    longest_pause = std::max(longest_pause, copy.stop.pause);
    describe_stop(copy, choice, longest_pause, estimate, acquisition);
    acquisition.gc_running = collector_running(target.runtime, copy.mirror);
    if (acquisition.gc_running && stop < kMostStops) continue;

    // What the lists of interpreters and of arenas are in the moment of the copy.
    const Runtime runtime = read_runtime(target.interpreter, target.layout, copy.mirror);
    if (!runtime.interpreters.empty()) target.runtime.interpreters = runtime.interpreters;
    TypeTable types(target.layout, copy.mirror, target.runtime.type_type,
                    target.runtime.subtype_traverse);
    const Decoders decoders = decoders_for(target, copy.mirror, types, &acquisition);
    if (auto then = arenas_of(target, copy.mirror); !then.empty()) arenas = std::move(then);
    result.graph =
        walk(target.runtime, arenas, read_roots(target.runtime, decoders), decoders, run);
    find_finalizers(result.graph, decoders);
    result.collectors = read_collector_states(target.runtime, target.layout, copy.mirror);
    acquisition.missed = acquisition.faults[static_cast<std::size_t>(Fault::left_out)];
    if (acquisition.missed != 0) {
      if (!choice.left_out.empty() && stop < kMostStops) {
        choice = all_pages(pid, read_maps(pid));
        continue;
      }
      throw Failure(
          Exit::incomplete,
          std::to_string(acquisition.missed) + " objects stand in pages that were not copied",
          "run it again: the heap grew faster than it was read");
    }
    // Names of types stand in the target's files, which are read through it after the stop.
    if (copy.mirror.unread_blocks() != 0) target.process.require_alive();
    if (options.names) {
      name_references(result.graph, decoders, options.contents);
      result.weak_entries = find_weak_entries(result.graph, decoders);
    }
    if (options.columns) result.columns = read_columns(result.graph, decoders, run);
    check_counts(acquisition, result.graph, target.layout);
    result.pools = count_pools(arenas, target.layout, copy.mirror);
    if (result.pools->used_blocks != 0 && sweep_found_most(result.graph, target.layout, arenas)) {
      const double share = static_cast<double>(acquisition.pool_bytes) /
                           static_cast<double>(result.pools->used_blocks);
      acquisition.pool_percent = 100 * std::min(share, 1.0);
    }
    if (options.contents) {
      result.contents = std::make_unique<Contents>(
          result.graph, target.layout, std::move(copy.mirror), std::move(copy.constant));
    }
    result.process = target.process.facts();
    result.target = target_facts(target);
    return result;
  }
}

}  // namespace heapglass
