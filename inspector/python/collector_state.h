// What a collector is set to and has done: struct _gc_runtime_state (pycore_gc.h).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "inspector/python/runtime.h"

namespace heapglass {

struct CollectorState {
  std::int64_t interpreter = 0;                                      // its id
  bool enabled = true;                                               // gc.isenabled()
  struct Generation {                                                // young to old
    std::int32_t threshold = 0;                                      // gc.get_threshold()
    std::int32_t count = 0;                                          // gc.get_count()
    std::int64_t collections = 0, collected = 0, uncollectable = 0;  // gc.get_stats()
  };
  std::array<Generation, 3> generations{};
};

// Collectors that cannot be read are left out.
std::vector<CollectorState> read_collector_states(const Runtime& runtime, const Layout& layout,
                                                  Memory& memory);

}  // namespace heapglass
