// An ELF core as data: which memory of a process it has, what was mapped there, who the process
// was. Of the kernel (fs/binfmt_elf.c, elf_core_dump), of gdb's gcore, of `heapglass core`. The
// file is untrusted and may be cut at any byte: what it claims is bounded and clamped.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "symbols/address.h"
#include "symbols/maps.h"

namespace heapglass {

struct CoreSegment {              // PT_LOAD
  AddressRange range;             // of the process
  std::uint64_t file_offset = 0;  // of the bytes that the core has of it, from its beginning on
  std::uint64_t claimed = 0;      // how many it should have
  std::uint64_t present = 0;      // how many are in the file: less where that was cut
  bool zeros = false;             // none in the file, and all of them are 0 (kZeros)

  AddressRange dumped() const { return {range.begin, zeros ? range.end : range.begin + present}; }
};

struct ElfCore {
  std::uint16_t machine = 0;
  std::vector<CoreSegment> segments;  // ascending, disjoint
  // Mappings, as /proc/PID/maps would have shown them as far as the core tells: one for each
  // segment and for each mapped file that no segment has. `inode` is a number for each path.
  std::vector<Mapping> maps;
  pid_t pid = 0;
  uid_t uid = 0;
  char state = '?';
  std::string command;     // NT_PRPSINFO, cut by the kernel at 80 characters
  std::string executable;  // path of the file that the program header table lies in (NT_AUXV)
  std::uint32_t threads = 0;
  std::uint32_t on_cpu_threads = 0;  // not in a system call
  std::vector<std::byte> auxiliary_vector;
  std::string own_note;         // what `heapglass core` wrote beside
  std::uint64_t bytes_cut = 0;  // claimed and not there
};

// From an open, seekable descriptor of a regular file (the caller keeps it). nullopt: no core, of a
// 32-bit or big-endian machine, or without a table of segments.
std::optional<ElfCore> read_elf_core(int fd);

// Type and owner of own_note's note.
inline constexpr std::uint32_t kOwnNoteType = 1;
inline constexpr const char* kOwnNoteOwner = "heapglass";
// In p_flags, among those that each system may define (PF_MASKOS): of a segment without bytes in
// the file that all of its bytes are 0. Else they are unknown.
inline constexpr std::uint32_t kZeros = 0x00100000;

}  // namespace heapglass
