// One copy of the target's heap, in the mode that was asked for or the one that takes its place.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "inspector/acquisition.h"
#include "inspector/open_target.h"
#include "inspector/target/copy.h"
#include "inspector/target/page_choice.h"

namespace heapglass {

// What goes on over several tries of one inspection.
struct Reading {
  Mode mode = Mode::pause;    // clone may become pause
  std::string clone_refused;  // why it did
  std::chrono::nanoseconds longest_pause{};
};

// `clone` cannot be had: what follows is `pause`. Told to the run, once it is known that it fits.
void fall_back(Reading& reading, const std::string& reason);

// Checks the budgets, waits for the collector's end without a stop, copies, and describes in
// `acquisition` what that was. Throws Failure: incomplete (budgets), target_gone, not_permitted;
// Interrupted.
HeapCopy acquire(const OpenTarget& target, const std::vector<Mapping>& maps,
                 const PageChoice& choice, Reading& reading, const Run& run,
                 Acquisition& acquisition);

}  // namespace heapglass
