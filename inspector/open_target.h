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

// What of a target is CPython's.
struct Python {
  Interpreter interpreter;
  Layout layout;
  Runtime runtime;
};

struct OpenTarget {
  Process process;
  Python python;
};

// Throws Failure: target_gone, not_permitted, not_cpython (a layout that fails a check is refused
// with the check's name).
OpenTarget open_target(pid_t pid);

// Memory for a first look at a target that runs: each block is read once, when it is first looked
// at, and no page is mapped into the target by it. `source` outlives the mirror.
Mirror first_look_memory(const std::vector<Mapping>& maps, PresentMemory& source);

// Why a layout is not used although there is one: it was never held against the truth.
std::optional<Failure> unproven(const Layout& layout);

// Which Python a target runs, and whether its layout fits: `runtime` is empty where a check failed.
// Throws Failure(not_cpython) where there is no Python or no layout.
struct FirstLook {
  Python python;
  std::vector<LayoutCheck> checks;

  bool sound() const;  // every check passed
};
FirstLook look_first(const TargetFiles& files, const std::vector<Mapping>& maps, Memory& memory);
// Of a process, which runs: what a check looks at may be changing, so one that fails is asked
// again.
FirstLook look_first(pid_t pid, const std::vector<Mapping>& maps);

// Throws Failure(not_cpython) where the look found a layout that is not to be trusted, or no
// interpreter that is initialised. `who`: "process 42"; `remedy` of a failed check.
void require_readable(const FirstLook& look, const std::string& who, const std::string& remedy);

TargetFacts target_facts(const Python& python, pid_t pid, const std::string& exe);

}  // namespace heapglass
