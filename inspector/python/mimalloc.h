// Where objects stand in free-threaded builds: mimalloc (Objects/mimalloc, version 2), as CPython
// has changed it. Memory comes in segments of 32 MiB, each begins with a table of its slices of
// 64 KiB; a run of slices is a page: blocks of one size, of one heap. Each thread has four heaps,
// and pages say by their tag whose they are: tables (mem), objects without a collector (object),
// objects that the collector looks after (gc), and such with two words before them (gc_pre).
//
// No heap and no thread is looked for: all segments in the target's mappings are, by their cookies
// (the address and a secret that all of a process share, told by the segment of one known object).
// So pages of threads that are gone, which are in no heap, and of every interpreter are found
// alike.
#pragma once

#include <vector>

#include "inspector/python/pools.h"
#include "inspector/python/pymalloc.h"
#include "inspector/python/runtime.h"

namespace heapglass {

// All segments, by address, as arenas. Empty where the layout has no mimalloc, or none was found.
std::vector<Arena> find_segments(const Runtime& runtime, const Layout& layout, Mirror& mirror);

// Their pages of objects, with a block in use, in address order. A page that contradicts itself
// counts as a fault.
std::vector<Pool> object_pages(const std::vector<Arena>& segments, const Decoders& decoders);

// Of pages of all kinds. Pages that hold no block are not told from what was never used.
PoolFacts count_pages(const std::vector<Arena>& segments, const Layout& layout, Mirror& mirror);

// The runs of memory in which small objects stand: pages of small blocks, and the tables of slices.
std::vector<AddressRange> small_object_ranges(const std::vector<Arena>& segments,
                                              const Layout& layout, Mirror& mirror);

}  // namespace heapglass
