// The notes of an ELF file or core (elf(5), "Notes"): one after the other, each a type, an owner's
// name and a body. The bytes are hostile: what would reach beyond them ends the walk.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace heapglass {

struct ElfNote {
  std::uint32_t type = 0;
  std::string_view owner;  // without its NUL
  std::span<const std::byte> body;
};

// The note at the front of `notes`, which is moved behind it; false: none is left. `align`: of the
// segment, 8 or else 4.
inline bool take_note(std::span<const std::byte>& notes, std::uint64_t align, ElfNote& note) {
  Elf64_Nhdr header;
  if (notes.size() < sizeof header) return false;
  std::memcpy(&header, notes.data(), sizeof header);
  const std::uint64_t unit = align == 8 ? 8 : 4;
  const auto rounded = [unit](std::uint64_t size) { return (size + unit - 1) / unit * unit; };
  // 32-bit sizes: their sums do not wrap.
  const std::uint64_t body = rounded(sizeof header + std::uint64_t{header.n_namesz});
  if (body > notes.size() || header.n_descsz > notes.size() - body) return false;
  const char* owner = reinterpret_cast<const char*>(notes.data() + sizeof header);
  note.type = header.n_type;
  note.owner = {owner, strnlen(owner, header.n_namesz)};
  note.body = notes.subspan(body, header.n_descsz);
  const std::uint64_t end = body + rounded(header.n_descsz);
  notes = notes.subspan(end < notes.size() ? end : notes.size());
  return true;
}

}  // namespace heapglass
