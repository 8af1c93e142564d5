// Counts that stand in no object: in free-threaded builds from 3.14 on, threads count their own
// references to classes, code and globals in tables by an id that such an object has
// (Python/uniqueid.c); they are added to the object's when a thread ends or the collector runs.
#pragma once

#include <unordered_map>

#include "inspector/python/decoders.h"
#include "inspector/python/runtime.h"

namespace heapglass {

// By object, what all threads count together. Empty where a build has no such tables.
std::unordered_map<Address, std::int64_t> thread_counts(const Runtime& runtime,
                                                        const Decoders& decoders);

}  // namespace heapglass
