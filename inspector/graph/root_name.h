// The parts of a root's name, as python/roots.h writes it.
#pragma once

#include <string_view>

#include "inspector/graph/root.h"

namespace heapglass {

// Of `thread 4711 "worker-3" frame load() at jobs.py:12 local rows`: holder `thread 4711
// "worker-3"`, place `load() at jobs.py:12`, local `rows`; of `thread 4711 "worker-3"
// thread-locals`: holder, and part `thread-locals`. Of all other kinds the whole is the holder.
// Thread names are the target's: whatever they contain, the parts are parts of the name.
struct RootName {
  std::string_view holder;
  std::string_view place;  // of a frame
  std::string_view local;  // of a local
  std::string_view part;   // of a thread's state; "stack 2"
};
RootName parse_root_name(RootKind kind, std::string_view name);

}  // namespace heapglass
