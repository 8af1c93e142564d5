// Reads an ELF file with libelf. libelf checks most offsets against the file's size; what it would
// allocate or copy for a hostile header is bounded here before it is asked.
#include "symbols/elf_image.h"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <span>

namespace heapglass {
namespace {

// Far above any real interpreter (a debug libpython has 40 sections and 20,000 symbols; a browser
// that embeds one, a million), far below what would hurt.
constexpr std::uint64_t kMaxSections = 1 << 16;
constexpr std::uint64_t kMaxSegments = 1 << 20;                // a core has one per mapping
constexpr std::uint64_t kMaxTable = std::uint64_t{256} << 20;  // bytes of a symbol or string table
constexpr std::uint64_t kMaxNotes = std::uint64_t{1} << 20;
constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxNames = std::size_t{64} << 20;  // bytes of all names kept

struct ElfCloser {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfCloser>;

struct NamedSymbol {
  std::string_view name;
  ElfSymbol symbol;
};

bool read_at(int fd, std::uint64_t offset, void* into, std::size_t size) {
  const ssize_t got = pread(fd, into, size, static_cast<off_t>(offset));
  return got >= 0 && static_cast<std::size_t>(got) == size;
}

// What every ELF file says in its first 20 bytes; false if it is none.
bool read_identity(int fd, ElfImage& image, bool& native) {
  unsigned char bytes[20];
  if (!read_at(fd, 0, bytes, sizeof bytes) || std::memcmp(bytes, ELFMAG, SELFMAG) != 0)
    return false;
  const unsigned elf_class = bytes[EI_CLASS];
  const unsigned order = bytes[EI_DATA];
  if (elf_class != ELFCLASS32 && elf_class != ELFCLASS64) return false;
  if (order != ELFDATA2LSB && order != ELFDATA2MSB) return false;
  const auto half = [&](std::size_t at) {
    const unsigned low = bytes[order == ELFDATA2LSB ? at : at + 1];
    const unsigned high = bytes[order == ELFDATA2LSB ? at + 1 : at];
    return static_cast<std::uint16_t>(high << 8 | low);
  };
  image.is_64bit = elf_class == ELFCLASS64;
  image.is_core = half(16) == ET_CORE;
  image.machine = half(18);
  native = order == (std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB);
  return true;
}

// libelf makes an array of all sections at once, by a count that may be 64 bits wide.
bool sane_section_count(int fd) {
  Elf64_Ehdr header;
  if (!read_at(fd, 0, &header, sizeof header)) return false;
  if (header.e_shoff == 0 || header.e_shnum != 0) return true;
  Elf64_Shdr first;
  if (!read_at(fd, header.e_shoff, &first, sizeof first)) return true;  // libelf sees none, either
  return first.sh_size <= kMaxSections;
}

bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
  return offset <= limit && size <= limit - offset;
}

void read_build_id(Elf* elf, const GElf_Phdr& notes, ElfImage& image) {
  if (notes.p_filesz > kMaxNotes) return;
  Elf_Data* data = elf_getdata_rawchunk(elf, static_cast<std::int64_t>(notes.p_offset),
                                        static_cast<std::size_t>(notes.p_filesz),
                                        notes.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
  if (data == nullptr || data->d_buf == nullptr) return;
  const std::span bytes(static_cast<const unsigned char*>(data->d_buf), data->d_size);
  GElf_Nhdr note;
  std::size_t name = 0;
  std::size_t body = 0;
  for (std::size_t at = 0; at < data->d_size;) {
    const std::size_t next = gelf_getnote(data, at, &note, &name, &body);
    if (next <= at) return;
    at = next;
    if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof ELF_NOTE_GNU) continue;
    if (!inside(name, note.n_namesz, bytes.size()) || !inside(body, note.n_descsz, bytes.size()))
      return;
    if (note.n_descsz > 64 || std::memcmp(&bytes[name], ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) != 0)
      continue;
    constexpr char kHex[] = "0123456789abcdef";
    image.build_id.clear();
    for (unsigned char byte : bytes.subspan(body, note.n_descsz)) {
      image.build_id.push_back(kHex[byte >> 4]);
      image.build_id.push_back(kHex[byte & 15]);
    }
    return;
  }
}

// False: damaged. A core that was cut short is worth reading, its segments are clamped instead.
bool read_segments(Elf* elf, std::uint64_t file_size, ElfImage& image) {
  std::size_t count = 0;
  if (elf_getphdrnum(elf, &count) != 0 || count > kMaxSegments) return false;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(elf, static_cast<int>(i), &header) == nullptr) return false;
    if (header.p_type == PT_NOTE && !image.is_core && image.build_id.empty())
      read_build_id(elf, header, image);
    if (header.p_type != PT_LOAD) continue;
    ElfSegment segment{header.p_vaddr, header.p_offset, header.p_filesz, header.p_memsz,
                       (header.p_flags & PF_W) != 0};
    if (segment.memory_size > ~Address{0} - segment.vaddr) return false;
    if (segment.file_size > segment.memory_size) return false;
    if (!inside(segment.file_offset, segment.file_size, file_size)) {
      if (!image.is_core) return false;
      segment.file_size = file_size - std::min(segment.file_offset, file_size);
    }
    image.segments.push_back(segment);
  }
  return true;
}

std::span<const char> section_bytes(Elf_Scn* section) {
  GElf_Shdr header;
  if (section == nullptr || gelf_getshdr(section, &header) == nullptr) return {};
  if (header.sh_type == SHT_NOBITS || header.sh_size > kMaxTable) return {};
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return {};
  return {static_cast<const char*>(data->d_buf), data->d_size};
}

// The string at `offset`; empty for none, one that is too long or has no end.
std::string_view string_at(std::span<const char> strings, std::size_t offset) {
  if (offset >= strings.size()) return {};
  const auto rest = strings.subspan(offset, std::min(kMaxName, strings.size() - offset));
  const void* nul = std::memchr(rest.data(), 0, rest.size());
  if (nul == nullptr) return {};
  return {rest.data(), static_cast<std::size_t>(static_cast<const char*>(nul) - rest.data())};
}

// Data and functions at an address of the file. Not C++ (an embedding program has a million of
// them), and of functions not the compiler's own pieces (f.cold, f.constprop.0).
bool worth_keeping(const Elf64_Sym& symbol, std::string_view name) {
  if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= SHN_LORESERVE) return false;
  if (name.empty() || name.starts_with("_Z")) return false;
  const unsigned type = ELF64_ST_TYPE(symbol.st_info);
  if (type == STT_OBJECT || type == STT_NOTYPE) return true;
  return type == STT_FUNC && name.find('.') == name.npos;
}

void read_symbols(std::span<const char> table, std::span<const char> strings, ElfImage& image,
                  std::size_t& name_bytes) {
  std::vector<NamedSymbol> locals;
  const std::size_t count = table.size() / sizeof(Elf64_Sym);
  for (std::size_t i = 0; i < count; ++i) {
    Elf64_Sym symbol;
    std::memcpy(&symbol, table.data() + i * sizeof symbol, sizeof symbol);
    if (symbol.st_shndx == SHN_UNDEF) continue;
    const std::string_view name = string_at(strings, symbol.st_name);
    if (!worth_keeping(symbol, name)) continue;
    if ((name_bytes += name.size()) > kMaxNames) break;
    const ElfSymbol value{symbol.st_value, symbol.st_size};
    if (ELF64_ST_BIND(symbol.st_info) == STB_LOCAL)
      locals.push_back({name, value});
    else
      image.symbols.try_emplace(std::string(name), value);
  }
  // A local name that stands for several things ("doc", "kwlist") tells nothing, and a global one
  // is what everybody means by it.
  std::sort(locals.begin(), locals.end(),
            [](const NamedSymbol& a, const NamedSymbol& b) { return a.name < b.name; });
  for (auto group = locals.begin(); group != locals.end();) {
    const auto end = std::find_if(group, locals.end(),
                                  [&](const NamedSymbol& s) { return s.name != group->name; });
    if (end - group == 1) image.symbols.try_emplace(std::string(group->name), group->symbol);
    group = end;
  }
}

// Sections are optional: a file without them, or with damaged ones, keeps what was found.
void read_sections(Elf* elf, ElfImage& image) {
  std::size_t names = 0;
  const bool named = elf_getshdrstrndx(elf, &names) == 0;
  const std::span<const char> strings =
      named ? section_bytes(elf_getscn(elf, names)) : std::span<const char>{};
  std::size_t name_bytes = 0;
  std::size_t tables = 0;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if ((header.sh_flags & SHF_ALLOC) != 0 && header.sh_size <= ~Address{0} - header.sh_addr) {
      const std::string_view name = string_at(strings, header.sh_name);
      const AddressRange range{header.sh_addr, header.sh_addr + header.sh_size};
      if (!name.empty()) image.sections.try_emplace(std::string(name), range);
    }
    // A real file has one of each; a hostile one could name one big table thousands of times.
    if ((header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM) && ++tables <= 2) {
      const auto table = section_bytes(section);
      image.has_symtab = image.has_symtab || (header.sh_type == SHT_SYMTAB && !table.empty());
      read_symbols(table, section_bytes(elf_getscn(elf, header.sh_link)), image, name_bytes);
    }
  }
}

}  // namespace

std::optional<ElfSymbol> ElfImage::symbol(std::string_view name) const {
  const auto found = symbols.find(std::string(name));
  if (found == symbols.end()) return std::nullopt;
  return found->second;
}

std::optional<Address> ElfImage::bias(Address mapped_at, std::uint64_t offset) const {
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  for (const ElfSegment& segment : segments) {
    // The loader maps whole pages: from the one that the segment begins in.
    const std::uint64_t before = segment.file_offset % page;
    if (offset < segment.file_offset - before || segment.file_size == 0 ||
        offset >= segment.file_offset + segment.file_size)
      continue;
    const Address wanted = segment.vaddr + (offset - segment.file_offset);  // may wrap and return
    const Address bias = mapped_at - wanted;
    if (bias % page == 0) return bias;
  }
  return std::nullopt;
}

std::optional<ElfImage> read_elf(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  ElfImage image;
  bool native = false;
  if (!read_identity(fd, image, native)) return std::nullopt;
  if (!image.is_64bit || !native)
    return image;  // known by what it is; nothing more is needed of it
  if (!sane_section_count(fd) || elf_version(EV_CURRENT) == EV_NONE) return std::nullopt;
  // Not mapped: a file cut short under a mapping would be our SIGBUS.
  const ElfHandle elf(elf_begin(fd, ELF_C_READ, nullptr));
  if (elf == nullptr || elf_kind(elf.get()) != ELF_K_ELF) return std::nullopt;
  if (!read_segments(elf.get(), static_cast<std::uint64_t>(status.st_size), image))
    return std::nullopt;
  read_sections(elf.get(), image);
  return image;
}

}  // namespace heapglass
