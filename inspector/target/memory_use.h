// What a process's memory is to the kernel, and how near the kernel is to ending it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace heapglass {

// Sums over its mappings (proc(5), smaps_rollup), bytes. Private pages are no other process's.
struct MemoryUse {
  std::uint64_t rss = 0, pss = 0, uss = 0, swap = 0;
};
// nullopt: it went away, or may not be read.
std::optional<MemoryUse> read_memory_use(pid_t pid);
MemoryUse parse_smaps_rollup(std::string_view text);

// Of its memory cgroup (version 2; of version 1 the limit alone), or of the machine.
struct Pressure {
  std::uint64_t rss = 0;
  std::uint64_t limit = 0;     // the tightest of the cgroup and those above it, or all memory
  std::uint64_t events = 0;    // times that memory.high or memory.max was reached (memory.events)
  double stalled_percent = 0;  // of the last 10 s, some task waited for memory (PSI, some avg10)
};
std::optional<Pressure> read_pressure(pid_t pid);

// "some avg10=1.25 avg60=…": 1.25; 0 where it does not say.
double parse_stalled(std::string_view text);

}  // namespace heapglass
