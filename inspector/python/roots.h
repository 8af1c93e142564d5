// The roots of the heap, with names: what holds objects and is no object itself. From them every
// object hangs that is not held by native code alone.
//
// Names are what an engineer would call it: `module myapp.cache`, `gc.callbacks`, `thread 4711
// "worker-3" frame handle() at app.py:42 local buf`. N is the number that ps -L and py-spy show:
// the kernel's, in the target's own pid namespace; where the target does not keep it, the
// hexadecimal one of threading.get_ident() that faulthandler prints. Interpreters but the first one
// are told in front: `interpreter 2 module json`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspector/graph/root.h"
#include "inspector/python/decoders.h"
#include "inspector/python/runtime.h"

namespace heapglass {

struct RootReference {
  Address to = 0;
  std::uint32_t name = 0;  // index into RootSet::names
  RootKind kind = RootKind::module;
  RootHold hold = RootHold::owned;
  std::uint32_t frame = 0;  // of a frame: which of all, from 1 on
};

struct RootSet {
  // In the order of interpreters, and of threads and frames in them, the innermost frame first.
  std::vector<RootReference> references;
  std::vector<std::string> names;  // UTF-8, each once; from the target, so not to be trusted
  // Dicts of interned strings: their references to these are not counted, so that a string that
  // nothing else holds can go.
  std::vector<Address> uncounted;
};

// Every `to` is an object that could be opened. What is wrong is counted through decoders.fault,
// and left out. At most 4 million references of frames: of a million frames, the innermost ones.
RootSet read_roots(const Runtime& runtime, const Decoders& decoders);

}  // namespace heapglass
