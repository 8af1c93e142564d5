// What heapglass needs of an ELF file, read with libelf: segments, symbols (dynamic ones survive
// strip), sections, build id. The file is untrusted: every offset and count is checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "symbols/address.h"

namespace heapglass {

struct ElfSegment {  // PT_LOAD
  Address vaddr = 0;
  std::uint64_t file_offset = 0;
  std::uint64_t file_size = 0;
  std::uint64_t memory_size = 0;
  bool writable = false;
};

struct ElfSymbol {
  Address value = 0;  // before the load bias
  std::uint64_t size = 0;
};

struct ElfImage {
  bool is_64bit = true;
  std::uint16_t machine = 0;  // EM_X86_64, EM_AARCH64, ...
  bool is_core = false;
  std::string build_id;  // hex; empty if there is none
  std::vector<ElfSegment> segments;
  std::unordered_map<std::string, ElfSymbol>
      symbols;  // defined ones; .symtab where present, .dynsym
  std::unordered_map<std::string, AddressRange> sections;  // allocated ones, by name; vaddr
  bool has_symtab = false;

  std::optional<ElfSymbol> symbol(std::string_view name) const;
  // The bias of an image whose file offset `offset` is mapped at `mapped_at`; nullopt if no segment
  // covers that offset.
  std::optional<Address> bias(Address mapped_at, std::uint64_t offset) const;
};

// From an open, seekable descriptor of a regular file (the caller keeps it). nullopt: not an ELF
// file, or a damaged one.
std::optional<ElfImage> read_elf(int fd);

}  // namespace heapglass
