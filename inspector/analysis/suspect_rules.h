// From when on a pile of one kind is suspect, and what is said of it.
#pragma once

#include <cstdint>

#include "inspector/analysis/suspects.h"

namespace heapglass {

// How a pile of that kind weighs against others of the same share, and what to look at.
struct SuspectRule {
  SuspectKind kind;
  std::uint64_t least_count;
  double least_share;  // percent of the heap
  double weight;
  const char* reason;
};
// Of every kind but growth, which growth.h judges.
const SuspectRule& rule_of(SuspectKind kind);

inline constexpr std::uint64_t kMany = 100;         // entries
inline constexpr std::uint64_t kManyClasses = 200;  // in one container
inline constexpr std::uint64_t kLeastBytes = 128 << 10;
// Percent of the heap: of anything; of what a plain container holds; of what is data, or hangs from
// a local variable of a running function; of a cache that has a bound and pays.
inline constexpr double kLeastShare = 1, kContainerShare = 5, kInUseShare = 25, kCacheShare = 50;

}  // namespace heapglass
