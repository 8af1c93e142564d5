#include "inspector/inspect.h"

#include <algorithm>

#include "inspector/acquire.h"
#include "inspector/examine.h"
#include "inspector/open_target.h"
#include "inspector/python/mimalloc.h"
#include "inspector/python/pymalloc.h"
#include "inspector/python/runtime.h"
#include "inspector/read_again.h"
#include "inspector/target/proc_text.h"
#include "inspector/target/self.h"
#include "inspector/walk.h"

namespace heapglass {

namespace {

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

std::vector<std::byte> auxiliary_vector(pid_t pid) {
  const std::string text =
      read_small_file("/proc/" + std::to_string(pid) + "/auxv").value_or(std::string());
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

}  // namespace

Seen see(pid_t pid, const InspectOptions& options, const Run& run) {
  offer_ourselves_to_the_oom_killer();
  OpenTarget target = open_target(pid);

  const std::vector<Mapping> maps = read_maps(pid);
  PresentMemory source(pid, maps);
  Mirror look = first_look_memory(maps, source);
  std::vector<Arena> arenas = arenas_of(target.python, look);
  if (arenas.empty() && target.python.layout.has(Fact::sizeof_mi_page_s)) {
    // Another release of mimalloc: what nothing refers to would be missed without a word.
    throw Failure(Exit::not_cpython,
                  "layout " + target.python.layout.name +
                      " does not fit this build: no segment of " +
                      "mimalloc's is where sys.modules stands",
                  "heapglass doctor -v " + std::to_string(pid) + ", and report its output");
  }
  const std::vector<AddressRange> arena_ranges = ranges_to_copy(target.python, arenas, look);
  run.report("choosing pages", -1);
  PageChoice choice = choose_pages(pid, maps, arena_ranges, [&](Mirror& mirror) {
    TypeTable types(target.python.layout, mirror, target.python.runtime.type_type,
                    target.python.runtime.subtype_traverse);
    const Decoders decoders = decoders_for(target.python, mirror, types, nullptr);
    touch_heap(target.python.runtime, arenas, read_roots(target.python.runtime, decoders), decoders,
               run);
  });

  Reading reading{.mode = options.mode, .clone_refused = {}};
  for (int stop = 1;; ++stop) {
    // What was read without a stop is as good as it gets.
    const bool once_more = stop < kMostStops && reading.mode != Mode::live;
    const std::vector<Mapping> current = read_maps(pid);
    Acquisition acquisition;
    HeapCopy copy = acquire(target, current, choice, reading, run, acquisition);
    acquisition.gc_running = collector_running(target.python.runtime, copy.mirror);
    if (acquisition.gc_running && once_more) continue;

    View view{std::move(copy.constant), std::move(copy.mirror)};
    Inspection result = examine(target.python, arenas, view, std::move(acquisition), options, run);
    if (result.acquisition.missed != 0 && reading.mode != Mode::live) {
      if (copy.not_inherited && once_more) {
        fall_back(reading, std::to_string(result.acquisition.missed) +
                               " objects stand in memory that a twin does not inherit "
                               "(MADV_DONTFORK, MADV_WIPEONFORK)");
        continue;
      }
      if (!choice.left_out.empty() && once_more) {
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
    if (reading.mode == Mode::live) {
      PresentMemory now(pid, read_maps(pid));
      result.acquisition.objects_changed =
          count_changed(result.graph, view.mirror, now, target.python.layout, run);
      target.process.require_alive();
    }
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
