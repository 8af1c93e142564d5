// From the bytes of one moment to the graph: what a stopped process, a core and whatever else holds
// still have in common.
#pragma once

#include <memory>
#include <vector>

#include "inspector/inspect.h"
#include "inspector/open_target.h"
#include "inspector/python/decoders.h"
#include "inspector/python/pymalloc.h"
#include "inspector/target/mirror.h"

namespace heapglass {

struct View {
  std::unique_ptr<Memory> constant;  // what the mirror loads lazily comes through this
  Mirror mirror;
};

Decoders decoders_for(const Python& python, Mirror& mirror, TypeTable& types,
                      Acquisition* acquisition);

// Arenas of pymalloc's, or segments of mimalloc's.
std::vector<Arena> arenas_of(const Python& python, Mirror& mirror);

// Graph, collectors, pools, and what `options` ask for but contents; target and process stay the
// caller's. The interpreters of `python` and `arenas` become those of the view. Objects in ranges
// that the view lacks are counted in `missed`. Throws Failure(not_cpython) where the layout proves
// not to fit, Interrupted.
Inspection examine(Python& python, std::vector<Arena>& arenas, View& view,
                   Acquisition acquisition_so_far, const InspectOptions& options, const Run& run);

// An inspection, and what it was made of: to be asked for contents, or recorded as a core.
struct Seen {
  Inspection inspection;
  Python python;
  View view;
  TargetFiles files;
  std::vector<Mapping> maps;
  std::vector<std::byte> auxiliary_vector;
};
// Of a process: stopped for the time of a copy. inspect.cpp; of a core: inspect_core.h
Seen see(pid_t pid, const InspectOptions& options, const Run& run);

// The inspection alone, with contents where they were asked for.
Inspection only_inspection(Seen seen, const InspectOptions& options);

}  // namespace heapglass
