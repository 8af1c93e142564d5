// Objects by the allocator's own account: every block of every used pool that is not free, and
// what of these blocks are objects. So most of a heap is found in the order in which it lies in
// memory, without following a reference. A pool is pymalloc's or, in free-threaded builds, a page
// of mimalloc's.
//
// Not objects are the tables that objects own: a dict's keys begin with a count of 1, but no type
// stands behind it, vectors of pointers begin with a pointer where a count would be. A short text
// that was written over a dead instance can end in what looks like a count, before the type that is
// still there; but then the text stands where the links of a collector's list would be.
#pragma once

#include <array>
#include <vector>

#include "inspector/graph/object_set.h"
#include "inspector/python/decoders.h"
#include "inspector/python/pymalloc.h"

namespace heapglass {

// A pool with blocks in use (Objects/obmalloc.c, pool_header; mimalloc.h). Its numbers agree with
// each other: `used` blocks of `block` bytes fit between `first` and `end`.
struct Pool {
  // Objects of which sort stand in it, where pools are told apart by that.
  enum class Holds : std::uint8_t { anything, not_collectable, collectable, with_pre_header };
  static constexpr std::uint64_t kMostBlocks = 1 << 16;

  Address begin = 0;
  std::uint64_t first = 0;  // offset of the first block
  std::uint64_t block = 0;  // bytes of a block
  std::uint64_t end = 0;    // offset of the first block that was never used
  std::uint64_t used = 0;   // blocks in use, as the pool counts them
  Holds holds = Holds::anything;
  // Blocks that were given back are chained through their first word: all that are not in use are
  // in these chains together.
  std::array<Address, 2> free{};
  Address freed_by_others = 0;  // and in this one some that still count as used
};

// Of all arenas, in address order. A header that contradicts itself counts as a fault.
std::vector<Pool> used_pools(const std::vector<Arena>& arenas, const Decoders& decoders);

// Inserts the objects in the pool's blocks. One whose body would not fit its block, whose type is
// none, whose count is absurd or whose links to its neighbours in the collector's lists are wrong
// (`check_links`: not while a collection is under way) is left out: it is found if something refers
// to it. Of pools in different pages several threads may do it at once.
void find_objects(const Pool& pool, bool check_links, const Decoders& decoders, const Cells& cells,
                  ObjectSet& found);

}  // namespace heapglass
