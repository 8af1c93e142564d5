// CPython's allocator of small blocks (Objects/obmalloc.c): arenas of pools of blocks of one size.
#pragma once

#include <vector>

#include "inspector/python/runtime.h"
#include "inspector/target/mirror.h"
#include "symbols/interpreter.h"
#include "symbols/layout.h"
#include "symbols/memory.h"

namespace heapglass {

struct Arena {
  AddressRange range;
  Address pool_address = 0;  // pools from here to the end were never carved
};

// The arenas of all interpreters, sorted by address. Their table is a static variable up to 3.11
// (found by symbol, or by what _Py_GetAllocatedBlocks loads in a stripped file) and part of the
// interpreter's state afterwards. Empty: none in use (PYTHONMALLOC=malloc), or not found.
std::vector<Arena> find_arenas(const Interpreter& interpreter, const Runtime& runtime,
                               const Layout& layout, Memory& memory);

struct PoolFacts {
  std::uint64_t arena_bytes = 0;  // from the first to the last carved pool of each arena
  std::uint64_t used_blocks = 0;  // bytes in blocks in use
  std::uint64_t free_blocks = 0;  // bytes of pools in use that are in no block in use
  std::uint64_t free_pools = 0;   // bytes in pools without any block in use
};
PoolFacts count_pools(const std::vector<Arena>& arenas, const Layout& layout, Mirror& mirror);

}  // namespace heapglass
