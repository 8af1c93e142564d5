// Whether a twin of a process can be made, as far as that can be told without stopping it, and what
// it would cost. (What only the stop shows, Twin tells: CannotClone.)
//
// Memory: the twin shares every page until the target writes to it; then the kernel copies the
// page, on the account of the target's cgroup. How much the target writes while the twin lives
// cannot be known; a quarter of its private memory is asked for, beside the page tables. Should it
// be more and the limit be reached, the kernel ends the twin first (oom_score_adj 1000).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "inspector/target/process.h"

namespace heapglass {

struct CloneFacts {
  bool x86_64 = true;
  bool seccomp = false;                      // a filter, or the strict mode, on its main thread
  bool may_suspend = false;                  // we: CAP_SYS_ADMIN, and no filter on ourselves
  std::uint64_t private_bytes = 0;           // anonymous, resident or in swap
  std::uint64_t free_memory = ~0ULL;         // of its cgroups and of the machine
  std::optional<std::uint64_t> free_pids{};  // of its cgroups; nullopt: no limit
  std::uint32_t threads = 1;
};

CloneFacts gather_clone_facts(const ProcessFacts& target);

// nullopt: nothing is known that stands in the way.
std::optional<std::string> why_not_clonable(const CloneFacts& facts);

// How long the target would be stopped: for the copy of its page tables.
std::chrono::nanoseconds estimate_clone(const CloneFacts& facts);

}  // namespace heapglass
