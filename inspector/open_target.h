// A process looked at from outside, up to the stop: who it is, which Python, which layout, where its
// interpreters are.
#pragma once

#include <sys/types.h>

#include <vector>

#include "inspector/inspect.h"
#include "inspector/python/runtime.h"
#include "inspector/target/process.h"
#include "symbols/interpreter.h"
#include "symbols/layout.h"
#include "symbols/runtime_facts.h"

namespace heapglass {

struct OpenTarget {
  Process process;
  Interpreter interpreter;
  Layout layout;
  std::vector<LayoutCheck> checks;
  Runtime runtime;
};

// Throws Failure: target_gone, not_permitted, not_cpython (a layout that fails a check is refused
// with the check's name).
OpenTarget open_target(pid_t pid);

// Name of the layout for an interpreter: "3.12", "3.13t", "3.11d".
std::string layout_name(const Interpreter& interpreter);

TargetFacts target_facts(const OpenTarget& target);

}  // namespace heapglass
