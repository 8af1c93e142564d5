// A process looked at from outside, up to the stop: who it is, which Python, which layout, where
// its interpreters are.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "inspector/inspect.h"
#include "inspector/python/runtime.h"
#include "inspector/target/mirror.h"
#include "inspector/target/present_memory.h"
#include "inspector/target/process.h"
#include "symbols/failure.h"
#include "symbols/interpreter.h"
#include "symbols/layout.h"
#include "symbols/runtime_facts.h"

namespace heapglass {

struct OpenTarget {
  Process process;
  Interpreter interpreter;
  Layout layout;
  Runtime runtime;
};

// Throws Failure: target_gone, not_permitted, not_cpython (a layout that fails a check is refused
// with the check's name).
OpenTarget open_target(pid_t pid);

// Memory for a first look at a target that runs: each block is read once, when it is first looked
// at, and no page is mapped into the target by it. `source` outlives the mirror.
Mirror first_look_memory(const std::vector<Mapping>& maps, PresentMemory& source);

// Why a layout is not used although there is one: it was never held against the truth.
std::optional<Failure> unproven(const Layout& layout);

// Which Python a process runs, and whether its layout fits: `runtime` is empty where a check
// failed. Throws Failure(not_cpython) where there is no Python or no layout.
struct FirstLook {
  Interpreter interpreter;
  Layout layout;
  std::vector<LayoutCheck> checks;
  Runtime runtime;
};
FirstLook look_first(pid_t pid, const std::vector<Mapping>& maps);

TargetFacts target_facts(const OpenTarget& target);

}  // namespace heapglass
