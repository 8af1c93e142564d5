// The memory of a process as a core has it: dumped pages from the core, those of mapped files that
// it lacks from the files, where they are found here.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "inspector/target/mirror.h"
#include "symbols/descriptor.h"
#include "symbols/elf_core.h"
#include "symbols/elf_image.h"

namespace heapglass {

// A file that the process had mapped, found here. Never one of another build: where the core tells
// the file's build id or has its first page, the file must have the same.
struct CoreFile {
  Descriptor fd;         // empty: not found
  ElfImage headers;      // segments and build id
  std::string build_id;  // as the core tells it; empty where it does not
};

class CoreMemory final : public Memory {
 public:
  // Files are looked for by path below `sysroot` ("/" for this machine's own), and by build id in
  // its /usr/lib/debug/.build-id and /usr/lib/.build-id.
  CoreMemory(Descriptor core_file, ElfCore core, std::string sysroot);
  using Memory::read;
  void read(std::span<ReadRequest> requests) override;

  const ElfCore& core() const { return core_; }
  const CoreFile& file_of(const Mapping& mapping);

  // What of a mapping is there: dumped, or in the file behind it. Ascending, disjoint.
  std::vector<AddressRange> readable_parts(const Mapping& mapping);
  // Of those parts of writable memory that are in the core, the bytes that are not holes.
  std::uint64_t object_bytes() const;

 private:
  bool read_one(Address address, std::byte* into, std::size_t size);
  bool read_file(const Mapping& mapping, Address address, std::byte* into, std::size_t size);
  CoreFile find(const Mapping& mapping);
  void learn_flags(Mapping& mapping);
  const CoreSegment* segment_at(Address address) const;
  const Mapping* mapping_at(Address address) const;

  Descriptor fd_;
  ElfCore core_;
  std::string sysroot_;
  std::map<std::uint64_t, CoreFile> files_;  // by Mapping::inode
};

// For a first look: everything that is readable.
Mirror whole_core(CoreMemory& memory);
// What a copy of a stopped process would have: memory that may hold objects, of what a core lacks
// marked as left out, and constants of mapped files.
Mirror objects_of_core(CoreMemory& memory);

}  // namespace heapglass
