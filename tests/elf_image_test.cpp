// symbols/elf_image.cpp: this test's own file, and files that are damaged in every way we thought
// of.
#include "symbols/elf_image.h"

#include <doctest/doctest.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>

#include "symbols/descriptor.h"
#include "symbols/maps.h"

using namespace heapglass;

extern "C" {
// Found again in this program's own symbol table.
extern std::uint64_t heapglass_test_marker;
std::uint64_t heapglass_test_marker = 4711;
}

namespace {

Descriptor open_own_file() { return Descriptor(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)); }

std::string own_bytes(std::size_t limit) {
  const Descriptor fd = open_own_file();
  struct stat status {};
  REQUIRE(fstat(fd.get(), &status) == 0);
  std::string bytes(std::min(limit, static_cast<std::size_t>(status.st_size)), '\0');
  REQUIRE(pread(fd.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return bytes;
}

Descriptor file_of(const std::string& bytes) {
  Descriptor fd(memfd_create("elf", MFD_CLOEXEC));
  REQUIRE(write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return fd;
}

std::optional<ElfImage> read_bytes(const std::string& bytes) {
  return read_elf(file_of(bytes).get());
}

template <class Header>
std::string bytes_of(const Header& header) {
  return std::string(reinterpret_cast<const char*>(&header), sizeof header);
}

Elf64_Ehdr empty_header() {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  return header;
}

}  // namespace

TEST_CASE("elf: a program's own file tells machine, segments, sections, symbols") {
  const auto image = read_elf(open_own_file().get());
  REQUIRE(image);
  CHECK(image->is_64bit);
  CHECK_FALSE(image->is_core);
  CHECK(image->machine == EM_X86_64);
  CHECK(image->has_symtab);
  CHECK(image->segments.size() >= 2);
  REQUIRE(image->sections.contains(".text"));
  CHECK(image->sections.at(".text").size() > 0);
  REQUIRE(image->symbol("heapglass_test_marker"));
  CHECK(image->symbol("heapglass_test_marker")->size == sizeof heapglass_test_marker);
  CHECK_FALSE(image->symbol("no_such_symbol"));
  CHECK_FALSE(image->symbol(""));
  CHECK(image->build_id.find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("elf: value and bias make the address in memory, from every mapping of the file") {
  const auto image = read_elf(open_own_file().get());
  REQUIRE(image);
  const auto marker = image->symbol("heapglass_test_marker");
  REQUIRE(marker);
  const auto wanted = reinterpret_cast<Address>(&heapglass_test_marker);
  struct stat own {};
  REQUIRE(stat("/proc/self/exe", &own) == 0);
  int mappings = 0;
  for (const Mapping& mapping : read_maps(getpid())) {
    if (mapping.inode != own.st_ino) continue;
    const auto bias = image->bias(mapping.range.begin, mapping.offset);
    REQUIRE(bias);
    if (mappings++ == 0) CHECK(*bias + marker->value == wanted);
  }
  CHECK(mappings >= 2);
  CHECK_FALSE(image->bias(0x7f0000000000, std::uint64_t{1} << 40));
}

TEST_CASE("elf: the page before an unaligned segment belongs to it") {
  ElfImage image;
  image.segments = {{0x400000, 0, 0x800, 0x800}, {0x602e10, 0x2e10, 0x300, 0x1000}};
  CHECK(image.bias(0x400000, 0) == 0);
  CHECK(image.bias(0x555500602000, 0x2000) == 0x555500000000);
  CHECK_FALSE(image.bias(0x400000, 0x1000));
  CHECK_FALSE(image.bias(0x400123, 0));  // no loader maps there
}

TEST_CASE("elf: dynamic symbols survive strip, and the build id is there") {
  const Descriptor fd(open("/usr/bin/python3.11", O_RDONLY | O_CLOEXEC));
  if (!fd) {
    MESSAGE("skipped: no /usr/bin/python3.11");
    return;
  }
  const auto image = read_elf(fd.get());
  REQUIRE(image);
  CHECK(image->symbol("_PyRuntime"));
  CHECK(image->symbol("PyType_Type"));
  CHECK(image->sections.contains(".PyRuntime"));
  CHECK(image->build_id.size() == 40);
}

TEST_CASE("elf: a file cut short is damaged, wherever it is cut") {
  const std::string whole = own_bytes(std::size_t{1} << 30);
  const auto image = read_bytes(whole);
  REQUIRE(image);
  std::size_t loaded = 0;
  for (const ElfSegment& segment : image->segments)
    loaded = std::max<std::size_t>(loaded, segment.file_offset + segment.file_size);
  for (const std::size_t size : {0u, 3u, 19u, 20u, 63u, 64u, 200u, 4096u}) {
    CAPTURE(size);
    CHECK_FALSE(read_bytes(whole.substr(0, size)).has_value());
  }
  CHECK_FALSE(read_bytes(whole.substr(0, loaded - 1)).has_value());
  // Without its section headers it still runs, so it is still read.
  CHECK(read_bytes(whole.substr(0, whole.size() - 64)).has_value());
}

TEST_CASE("elf: what is no ELF file is none") {
  std::mt19937 random(1);
  std::string garbage(8192, '\0');
  for (char& c : garbage) c = static_cast<char>(random());
  CHECK_FALSE(read_bytes(garbage));
  garbage.replace(0, 4,
                  "\x7f"
                  "ELF");
  CHECK_FALSE(read_bytes(garbage));
  CHECK_FALSE(read_bytes("#!/bin/sh\nexit 0\n"));
  CHECK_FALSE(read_elf(-1));
  const Descriptor directory(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK_FALSE(read_elf(directory.get()));
  const Descriptor null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK_FALSE(read_elf(null.get()));
}

TEST_CASE("elf: 32-bit and big-endian files are recognised as such") {
  Elf32_Ehdr small{};
  std::memcpy(small.e_ident, ELFMAG, SELFMAG);
  small.e_ident[EI_CLASS] = ELFCLASS32;
  small.e_ident[EI_DATA] = ELFDATA2LSB;
  small.e_type = ET_EXEC;
  small.e_machine = EM_386;
  const auto i386 = read_bytes(bytes_of(small));
  REQUIRE(i386);
  CHECK_FALSE(i386->is_64bit);
  CHECK(i386->machine == EM_386);

  Elf64_Ehdr big = empty_header();
  big.e_ident[EI_DATA] = ELFDATA2MSB;
  big.e_machine = EM_S390 << 8;  // 22, in the other order
  const auto s390 = read_bytes(bytes_of(big));
  REQUIRE(s390);
  CHECK(s390->is_64bit);
  CHECK(s390->machine == EM_S390);
}

TEST_CASE("elf: a core file is one, even if it was cut short") {
  Elf64_Ehdr header = empty_header();
  header.e_type = ET_CORE;
  header.e_phoff = sizeof header;
  header.e_phnum = 2;
  Elf64_Phdr load{};
  load.p_type = PT_LOAD;
  load.p_vaddr = 0x400000;
  load.p_offset = 100;
  load.p_filesz = load.p_memsz = 1 << 20;
  Elf64_Phdr beyond = load;
  beyond.p_offset = ~std::uint64_t{0} - 5;
  const auto image = read_bytes(bytes_of(header) + bytes_of(load) + bytes_of(beyond));
  REQUIRE(image);
  CHECK(image->is_core);
  REQUIRE(image->segments.size() == 2);
  CHECK(image->segments[0].file_size == 64 + 2 * 56 - 100);
  CHECK(image->segments[1].file_size == 0);
}

TEST_CASE("elf: counts and sizes that no file can have are refused, not allocated") {
  Elf64_Ehdr header = empty_header();
  header.e_shoff = sizeof header;  // and e_shnum 0: the count is in the first section's size
  Elf64_Shdr first{};
  first.sh_size = std::uint64_t{1} << 33;
  const Descriptor sparse = file_of(bytes_of(header) + bytes_of(first));
  REQUIRE(ftruncate(sparse.get(), off_t{1} << 40) == 0);
  CHECK_FALSE(read_elf(sparse.get()));

  header = empty_header();
  header.e_phoff = sizeof header;
  header.e_phnum = 1;
  Elf64_Phdr load{};
  load.p_type = PT_LOAD;
  load.p_vaddr = ~std::uint64_t{0} - 10;
  load.p_memsz = 100;
  CHECK_FALSE(read_bytes(bytes_of(header) + bytes_of(load)));
  load = {};
  load.p_type = PT_LOAD;
  load.p_filesz = 100;  // more of it in the file than in memory
  CHECK_FALSE(read_bytes(bytes_of(header) + bytes_of(load)));
}

TEST_CASE("elf: symbol tables as large as the sparse file they lie in are left out") {
  Elf64_Ehdr header = empty_header();
  header.e_shoff = sizeof header;
  header.e_shnum = 3;
  Elf64_Shdr none{};
  Elf64_Shdr table{};
  table.sh_type = SHT_SYMTAB;
  table.sh_offset = 4096;
  table.sh_size = std::uint64_t{1} << 38;
  table.sh_entsize = sizeof(Elf64_Sym);
  table.sh_link = 2;
  Elf64_Shdr strings = table;
  strings.sh_type = SHT_STRTAB;
  const Descriptor fd =
      file_of(bytes_of(header) + bytes_of(none) + bytes_of(table) + bytes_of(strings));
  REQUIRE(ftruncate(fd.get(), off_t{1} << 40) == 0);
  const auto image = read_elf(fd.get());
  REQUIRE(image);
  CHECK(image->symbols.empty());
}

TEST_CASE("elf: a thousand flipped bytes do no harm") {
  const Descriptor own(open("/usr/bin/true", O_RDONLY | O_CLOEXEC));
  if (!own) {
    MESSAGE("skipped: no /usr/bin/true");
    return;
  }
  std::string whole(1 << 20, '\0');
  whole.resize(static_cast<std::size_t>(
      std::max<ssize_t>(pread(own.get(), whole.data(), whole.size(), 0), 0)));
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 1 + round % 30; ++i) {
      // Mostly in the headers, where it hurts: the first KiB, and the sections' at the end.
      const std::size_t reach = random() % 3 == 0 ? bytes.size() : 1024;
      const std::size_t at = random() % reach;
      bytes[random() % 2 == 0 ? at : bytes.size() - 1 - at] = static_cast<char>(random());
    }
    (void)read_bytes(bytes);
  }
}
