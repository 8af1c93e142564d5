#include "inspector/inspect.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "inspector/examine.h"
#include "inspector/open_target.h"
#include "inspector/python/mimalloc.h"
#include "inspector/python/pymalloc.h"
#include "inspector/python/runtime.h"
#include "inspector/target/copy.h"
#include "inspector/target/proc_text.h"
#include "inspector/target/self.h"
#include "inspector/walk.h"

namespace heapglass {

namespace {

using namespace std::chrono_literals;

constexpr int kMostStops = 4;  // before a view of a running collector is accepted

// What of them holds nothing but small objects and is copied without a look.
std::vector<AddressRange> ranges_to_copy(const Python& python, const std::vector<Arena>& arenas,
                                         Mirror& mirror) {
  if (python.layout.has(Fact::sizeof_mi_page_s)) {
    return small_object_ranges(arenas, python.layout, mirror);
  }
  std::vector<AddressRange> ranges;
  ranges.reserve(arenas.size());
  for (const Arena& arena : arenas) ranges.push_back(arena.range);
  return ranges;
}

// While the collector works, objects are in no list: wait for its end, without a stop.
void wait_for_collector(const OpenTarget& target, Memory& memory) {
  const auto until = std::chrono::steady_clock::now() + 2s;
  while (collector_running(target.python.runtime, memory) &&
         std::chrono::steady_clock::now() < until) {
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

std::vector<std::byte> auxiliary_vector(pid_t pid) {
  const std::string text =
      read_small_file("/proc/" + std::to_string(pid) + "/auxv").value_or(std::string());
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
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

Seen see(pid_t pid, const InspectOptions& options, const Run& run) {
  offer_ourselves_to_the_oom_killer();
  OpenTarget target = open_target(pid);
  ProcessMemory live(pid);

  const std::vector<Mapping> maps = read_maps(pid);
  PresentMemory source(pid, maps);
  Mirror look = first_look_memory(maps, source);
  std::vector<Arena> arenas = arenas_of(target.python, look);
  const std::vector<AddressRange> arena_ranges = ranges_to_copy(target.python, arenas, look);
  run.report("choosing pages", -1);
  PageChoice choice = choose_pages(pid, maps, arena_ranges, [&](Mirror& mirror) {
    TypeTable types(target.python.layout, mirror, target.python.runtime.type_type,
                    target.python.runtime.subtype_traverse);
    const Decoders decoders = decoders_for(target.python, mirror, types, nullptr);
    touch_heap(target.python.runtime, arenas, read_roots(target.python.runtime, decoders), decoders,
               run);
  });

  std::chrono::nanoseconds longest_pause{};
  for (int stop = 1;; ++stop) {
    const std::vector<Mapping> current = read_maps(pid);
    const auto estimate = estimate_pause(pid, choice, target.process.facts().threads);
    check_budgets(target, choice, estimate, run);
    wait_for_collector(target, live);
    target.process.require_alive();

    Acquisition acquisition;
    PausedCopy copy = copy_paused(pid, current, choice, run);
    target.process.require_alive();  // else it may be another program's memory
    longest_pause = std::max(longest_pause, copy.stop.pause);
    describe_stop(copy, choice, longest_pause, estimate, acquisition);
    acquisition.gc_running = collector_running(target.python.runtime, copy.mirror);
    if (acquisition.gc_running && stop < kMostStops) continue;

    View view{std::move(copy.constant), std::move(copy.mirror)};
    Inspection result = examine(target.python, arenas, view, std::move(acquisition), options, run);
    if (result.acquisition.missed != 0) {
      if (!choice.left_out.empty() && stop < kMostStops) {
        choice = all_pages(pid, read_maps(pid));
        continue;
      }
      throw Failure(Exit::incomplete,
                    std::to_string(result.acquisition.missed) +
                        " objects stand in pages that were not copied",
                    "run it again: the heap grew faster than it was read");
    }
    // Names of types stand in the target's files, which are read through it after the stop.
    if (view.mirror.unread_blocks() != 0) target.process.require_alive();
    result.process = target.process.facts();
    result.target = target_facts(target.python, pid, result.process.exe);
    return {std::move(result), std::move(target.python), std::move(view), files_of_process(pid),
            current,           auxiliary_vector(pid)};
  }
}

Inspection inspect(pid_t pid, const InspectOptions& options, const Run& run) {
  return only_inspection(see(pid, options, run), options);
}

}  // namespace heapglass
