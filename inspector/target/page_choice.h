// Which pages to copy in the stop, chosen before it.
//
// Mappings do not tell: they merge, and one of 72 MB was seen to hold a 64 MB buffer and a sixth of
// all objects. So where there is much memory outside pymalloc's arenas, the heap is walked once
// without a stop, its result thrown away, over a mirror that remembers which blocks were looked at;
// runs of 1 MiB and more that the walk never entered are left out. Arenas are always copied, and so
// is everything where all of it is small.
#pragma once

#include <functional>
#include <vector>

#include "inspector/run.h"
#include "inspector/target/mirror.h"
#include "inspector/target/page_map.h"
#include "symbols/maps.h"

namespace heapglass {

struct PageChoice {
  // Sorted, disjoint, page-aligned. Together all writable private memory.
  std::vector<AddressRange> copied;
  std::vector<AddressRange> left_out;
  std::uint64_t bytes_copied = 0;    // of pages that are there
  std::uint64_t bytes_left_out = 0;  // likewise
};

// Mappings that may hold objects or what they own: private, writable, readable, no device.
bool may_hold_objects(const Mapping& mapping);
// Constant parts of mapped files (type names, method tables): read when looked at, never copied.
bool constant_data(const Mapping& mapping);

// `walk` reads the heap through the mirror it is given, as far as it likes. `arenas`: any order.
PageChoice choose_pages(pid_t pid, const std::vector<Mapping>& maps,
                        const std::vector<AddressRange>& arenas,
                        const std::function<void(Mirror&)>& walk);

// Everything is copied: for a second try, and where choosing is not worth it.
PageChoice all_pages(pid_t pid, const std::vector<Mapping>& maps);

}  // namespace heapglass
