// From a core to the graph: the same way as from a process, without a stop.
#pragma once

#include <string>

#include "inspector/examine.h"
#include "inspector/inspect.h"
#include "inspector/run.h"

namespace heapglass {

struct CoreSource {
  std::string path;
  std::string sysroot = "/";  // where the files that the process had mapped are looked for
};

// Whether a file begins as a core does: ELF, of type ET_CORE.
bool looks_like_core(const std::string& path);

// Throws Failure: usage (cannot be opened), not_cpython (no core, no Python in it, a layout that
// does not fit, the interpreter's file not found), incomplete (cut before the interpreter's state,
// or more than the run's memory); Interrupted. Where the core lacks memory that objects stand in,
// acquisition.missed says how many.
Seen see_core(const CoreSource& source, const InspectOptions& options, const Run& run);
Inspection inspect_core(const CoreSource& source, const InspectOptions& options, const Run& run);

}  // namespace heapglass
