// The target's memory as it would be read, without making the target map a page: pages that are
// there come from the process, absent ones from the mapped file or are zeros.
#pragma once

#include <map>
#include <vector>

#include "inspector/target/page_map.h"
#include "inspector/target/process.h"
#include "symbols/descriptor.h"
#include "symbols/maps.h"

namespace heapglass {

class PresentMemory final : public Memory {
 public:
  // `maps` as read_maps gives them: sorted.
  PresentMemory(pid_t pid, std::vector<Mapping> maps);
  using Memory::read;
  void read(std::span<ReadRequest> requests) override;

  // Fills `into` with what absent pages of a file-backed mapping hold; zeros where there is no
  // file.
  void read_file(const Mapping& mapping, AddressRange range, std::byte* into);

 private:
  bool read_one(Address address, std::byte* into, std::size_t size);
  const Mapping* find(Address address) const;

  pid_t pid_;
  std::vector<Mapping> maps_;
  PageMap page_map_;
  ProcessMemory process_;
  // By the mapping's start; opened when first needed; -1 inside: cannot be opened.
  std::map<Address, Descriptor> files_;
};

}  // namespace heapglass
