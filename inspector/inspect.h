// From a process to its graph: the way of the data, one call per step.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inspector/acquisition.h"
#include "inspector/graph/columns.h"
#include "inspector/graph/heap_graph.h"
#include "inspector/graph/weak_entry.h"
#include "inspector/python/collector_state.h"
#include "inspector/python/contents.h"
#include "inspector/python/pymalloc.h"
#include "inspector/run.h"
#include "inspector/target/page_choice.h"
#include "inspector/target/process.h"
#include "symbols/failure.h"
#include "symbols/interpreter.h"
#include "symbols/layout.h"

namespace heapglass {

// The "target" of every document.
struct TargetFacts {
  pid_t pid = 0;
  std::string exe;
  std::string python_version;  // "3.12.1"
  bool free_threaded = false;
  bool debug = false;
};

struct InspectOptions {
  bool names = false;             // name references (python/name_references.h): for labels
  unsigned columns = kNoColumns;  // of ColumnSet: which of Inspection::columns to fill
  bool contents = false;          // keep the copy, to be asked what objects contain
};

struct Inspection {
  TargetFacts target;
  ProcessFacts process;
  Acquisition acquisition;
  HeapGraph graph;
  std::vector<WeakEntry> weak_entries;     // only with InspectOptions::names
  std::vector<CollectorState> collectors;  // one for each interpreter; up to 3.8 one
  Columns columns;                         // empty unless asked for
  std::optional<PoolFacts> pools;      // nullopt where the allocator's tables could not be found
  std::unique_ptr<Contents> contents;  // null unless asked for
};

// Throws Failure or Interrupted.
Inspection inspect(pid_t pid, const InspectOptions& options, const Run& run);

// Bytes that the inspector may use: the run's, or half of what is free here.
std::uint64_t memory_budget(const Run& run);
// Bytes that it will need for a copy of `choice` and the graph of what is in it, roughly.
std::uint64_t memory_needed(const PageChoice& choice);

// What `doctor` shows: everything up to the stop, and no stop. Never throws for what is wrong with
// the target; `refusal` says it.
struct Diagnosis {
  std::optional<ProcessFacts> process;
  std::optional<Interpreter> interpreter;
  std::optional<Layout> layout;
  struct Check {
    std::string name;
    bool passed = false;
    std::string detail;
  };
  std::vector<Check> checks;
  struct Estimate {
    std::string mode;
    double pause_ms = 0;
    std::uint64_t bytes_to_copy = 0;
    std::uint64_t memory_needed = 0;
  };
  std::vector<Estimate> estimates;
  std::uint64_t memory_free = 0;  // what the inspector may use where it runs
  struct Trouble {
    Exit exit = Exit::done;
    std::string cause;
    std::string remedy;
  };
  std::optional<Trouble> trouble;  // the first thing that stands in the way
};
Diagnosis diagnose(pid_t pid, const Run& run);

}  // namespace heapglass
