// Objects by the allocator's own account: every block of every used pool that is not free, and
// what of these blocks are objects. So most of a heap is found in the order in which it lies in
// memory, without following a reference.
//
// Not objects are the tables that objects own: a dict's keys begin with a count of 1, but no type
// stands behind it, vectors of pointers begin with a pointer where a count would be. A short text
// that was written over a dead instance can end in what looks like a count, before the type that is
// still there; but then the text stands where the links of a collector's list would be.
#pragma once

#include <vector>

#include "inspector/graph/object_set.h"
#include "inspector/python/decoders.h"
#include "inspector/python/pymalloc.h"

namespace heapglass {

// A pool with blocks in use (Objects/obmalloc.c, pool_header).
struct Pool {
  Address begin = 0;
  std::uint32_t block = 0;  // bytes of a block
  std::uint32_t end = 0;    // offset of the first block that was never used
  std::uint32_t used = 0;   // blocks in use, as the pool counts them
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
