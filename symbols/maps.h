// /proc/PID/maps and /proc/PID/smaps as data. The text is untrusted: a file name may hold a newline
// (the kernel writes it as \012) or imitate another mapping; only the fields before the name count.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "symbols/address.h"

namespace heapglass {

struct Mapping {
  AddressRange range;
  bool readable = false;
  bool writable = false;
  bool executable = false;
  bool shared = false;
  std::uint64_t offset = 0;  // of range.begin in the file
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint64_t inode = 0;  // 0: no file behind it
  std::string path;  // as the kernel prints it, " (deleted)" taken off; "[heap]", "[vdso]", ""
  bool deleted = false;

  bool file_backed() const { return inode != 0; }
};

// Lines that are not a mapping are left out. Sorted by address, never overlapping.
std::vector<Mapping> parse_maps(std::string_view text);

// Throws Failure: target_gone, or not_permitted.
std::vector<Mapping> read_maps(pid_t pid);

}  // namespace heapglass
