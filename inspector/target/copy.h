// The copy of the chosen pages, in order, into buffers that were made and touched before: in the
// stop, from a twin, or while the target runs.
#pragma once

#include <memory>
#include <vector>

#include "inspector/run.h"
#include "inspector/target/mirror.h"
#include "inspector/target/page_choice.h"
#include "inspector/target/present_memory.h"
#include "inspector/target/stop.h"

namespace heapglass {

struct HeapCopy {
  // What is constant in the mapped files is read later, through this; the mirror refers to it.
  std::unique_ptr<PresentMemory> constant;
  Mirror mirror;
  StopReport stop;             // of a live copy: nothing
  std::uint64_t bytes = 0;     // copied
  bool not_inherited = false;  // a twin lacks memory of its target (left out in the mirror)
};

// How long the target would be stopped for `choice`: from reading some of its pages now, unstopped.
std::chrono::nanoseconds estimate_pause(pid_t pid, const PageChoice& choice, std::uint32_t threads);

// Throws Failure: incomplete when the pause or our memory would exceed the run's budgets (before
// anything is stopped), or did; not_permitted, target_gone.
HeapCopy copy_paused(pid_t pid, const std::vector<Mapping>& maps, const PageChoice& choice,
                     const Run& run);

// The same from a twin, which is gone afterwards (twin.h). Throws CannotClone besides.
HeapCopy copy_cloned(pid_t pid, const std::vector<Mapping>& maps, const PageChoice& choice,
                     const Run& run);

// Without a stop: what changes meanwhile is torn.
HeapCopy copy_live(pid_t pid, const std::vector<Mapping>& maps, const PageChoice& choice,
                   const Run& run);

}  // namespace heapglass
