// Writes an ELF core that gdb and eu-readelf take: headers, notes, then pages in order, so that it
// can go through a compressor.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/run.h"
#include "inspector/target/process.h"
#include "symbols/maps.h"

namespace heapglass {

// Bytes of the target that the core gets.
struct CorePart {
  AddressRange range;               // page-aligned
  const std::byte* data = nullptr;  // of all of it
};

struct CoreContents {
  std::vector<Mapping> maps;    // ascending, disjoint
  std::vector<CorePart> parts;  // ascending, disjoint, each within one mapping
  ProcessFacts process;         // for NT_PRPSINFO and, without registers, NT_PRSTATUS
  std::uint32_t threads = 1;    // each gets an NT_PRSTATUS
  std::uint32_t on_cpu_threads = 0;
  std::vector<std::byte> auxiliary_vector;
  std::string own_note;
};

using Write = std::function<void(std::string_view)>;

// Long runs of zeros are left out of the file and marked as such (elf_core.h, kZeros). What of a
// mapping no part covers has a segment without bytes. Throws Interrupted, and what `write` throws.
void write_core(const CoreContents& contents, const Write& write, const Run& run);

}  // namespace heapglass
