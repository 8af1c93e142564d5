// The copy that is made in the stop: the chosen pages, in order, into buffers that were made and
// touched before.
#pragma once

#include <memory>
#include <vector>

#include "inspector/run.h"
#include "inspector/target/mirror.h"
#include "inspector/target/page_choice.h"
#include "inspector/target/present_memory.h"
#include "inspector/target/stop.h"

namespace heapglass {

struct PausedCopy {
  // What is constant in the mapped files is read later, through this; the mirror refers to it.
  std::unique_ptr<PresentMemory> constant;
  Mirror mirror;
  StopReport stop;
  std::uint64_t bytes = 0;  // copied in the stop
};

// How long the target would be stopped for `choice`: from reading some of its pages now, unstopped.
std::chrono::nanoseconds estimate_pause(pid_t pid, const PageChoice& choice, std::uint32_t threads);

// Throws Failure: incomplete when the pause or our memory would exceed the run's budgets (before
// anything is stopped), or did; not_permitted, target_gone.
PausedCopy copy_paused(pid_t pid, const std::vector<Mapping>& maps, const PageChoice& choice,
                       const Run& run);

}  // namespace heapglass
