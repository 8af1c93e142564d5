// The headers and notes of a core, by hand: libelf has no walk over a core that is cut in its
// middle, and the structs are few (elf(5), sys/procfs.h, fs/binfmt_elf.c fill_files_note).
#include "symbols/elf_core.h"

#include <elf.h>
#include <sys/procfs.h>
#include <sys/reg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <map>
#include <span>
#include <utility>

#include "symbols/elf_notes.h"

namespace heapglass {
namespace {

// A process has at most 65,530 mappings unless vm.max_map_count was raised; the kernel's NT_FILE is
// at most 16 MiB, and a thread's registers are a few KiB.
constexpr std::uint64_t kMaxSegments = 1 << 20;
constexpr std::uint64_t kMaxNotes = std::uint64_t{128} << 20;
constexpr std::size_t kMaxFiles = 1 << 16;
constexpr std::size_t kMaxPath = 4096;
constexpr int kAddressBits = 47;

using Bytes = std::span<const std::byte>;

bool read_at(int fd, std::uint64_t offset, void* into, std::size_t size) {
  if (offset > INT64_MAX) return false;
  return ::pread(fd, into, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

template <class T>
bool take(Bytes& bytes, T& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes = bytes.subspan(sizeof value);
  return true;
}

// Up to the first NUL, at most `limit`.
std::string text_of(const char* begin, std::size_t limit) {
  return {begin, ::strnlen(begin, limit)};
}

// Program headers; a core of more than 65,534 mappings has their number in its first section
// header. Those that the file has no room for are left out.
std::vector<Elf64_Phdr> read_program_headers(int fd, const Elf64_Ehdr& header,
                                             std::uint64_t file_size) {
  std::uint64_t count = header.e_phnum;
  Elf64_Shdr first;
  if (count == PN_XNUM && read_at(fd, header.e_shoff, &first, sizeof first)) count = first.sh_info;
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff > file_size) return {};
  count = std::min({count, kMaxSegments, (file_size - header.e_phoff) / sizeof(Elf64_Phdr)});
  std::vector<Elf64_Phdr> headers(count);
  if (count != 0 && !read_at(fd, header.e_phoff, headers.data(), count * sizeof(Elf64_Phdr)))
    return {};
  return headers;
}

struct Dumped {
  CoreSegment segment;
  std::uint32_t flags = 0;
};

std::optional<Dumped> segment_of(const Elf64_Phdr& header, std::uint64_t file_size) {
  constexpr std::uint64_t kSpace = std::uint64_t{1} << kAddressBits;
  const std::uint64_t size = std::max(header.p_memsz, header.p_filesz);
  // vsyscall lies beyond; nothing else does.
  if (size == 0 || header.p_vaddr >= kSpace || size > kSpace - header.p_vaddr) return std::nullopt;
  CoreSegment segment{
      {header.p_vaddr, header.p_vaddr + size}, header.p_offset, header.p_filesz, 0, false};
  segment.present = std::min(segment.claimed, file_size - std::min(header.p_offset, file_size));
  segment.zeros = segment.claimed == 0 && (header.p_flags & kZeros) != 0;
  return Dumped{segment, header.p_flags};
}

struct FileRange {
  AddressRange range;
  std::uint64_t offset = 0;  // in the file
  std::string path;
};

std::vector<FileRange> files_of(Bytes note) {
  std::uint64_t count = 0, page = 0;
  if (!take(note, count) || !take(note, page)) return {};
  constexpr std::size_t kEntry = 3 * sizeof(std::uint64_t);
  count = std::min<std::uint64_t>({count, kMaxFiles, note.size() / kEntry});
  Bytes names = note.subspan(count * kEntry);
  std::vector<FileRange> files;
  for (std::uint64_t i = 0; i < count; ++i) {
    FileRange file;
    std::uint64_t offset = 0;
    take(note, file.range.begin);
    take(note, file.range.end);
    take(note, offset);
    const char* name = reinterpret_cast<const char*>(names.data());
    const std::size_t length = ::strnlen(name, names.size());
    if (length == names.size()) break;  // cut
    file.path = text_of(name, std::min(length, kMaxPath));
    file.offset = offset * page;
    names = names.subspan(length + 1);
    if (file.range.begin < file.range.end && file.range.end >> kAddressBits == 0) {
      files.push_back(std::move(file));
    }
  }
  return files;
}

// What the notes say, gathered.
struct Notes {
  std::vector<FileRange> files;
  Address program_headers = 0;  // AT_PHDR
};

void take_thread(ElfCore& core, Bytes body) {
  prstatus_t status;
  if (!take(body, status)) return;
  ++core.threads;
  // The first one is the thread that made the core; the process's number stands in NT_PRPSINFO.
  if (core.pid == 0) core.pid = status.pr_pid;
  if (static_cast<std::int64_t>(status.pr_reg[ORIG_RAX]) < 0) ++core.on_cpu_threads;
}

void take_process(ElfCore& core, Bytes body) {
  prpsinfo_t info;
  if (!take(body, info)) return;
  core.pid = info.pr_pid;
  core.uid = info.pr_uid;
  core.state = info.pr_sname;
  core.command = text_of(info.pr_psargs, sizeof info.pr_psargs);
  while (core.command.ends_with(' ')) core.command.pop_back();
  if (core.command.empty()) core.command = text_of(info.pr_fname, sizeof info.pr_fname);
}

void take_auxiliary(Notes& notes, Bytes body) {
  Elf64_auxv_t entry;
  while (take(body, entry) && entry.a_type != AT_NULL) {
    if (entry.a_type == AT_PHDR) notes.program_headers = entry.a_un.a_val;
  }
}

void take_notes(ElfCore& core, Notes& notes, Bytes bytes, std::uint64_t align) {
  ElfNote note;
  while (take_note(bytes, align, note)) {
    constexpr std::size_t kMaxOwnNote = std::size_t{16} << 20;
    if (note.owner == kOwnNoteOwner && note.type == kOwnNoteType &&
        note.body.size() <= kMaxOwnNote) {
      core.own_note.assign(reinterpret_cast<const char*>(note.body.data()), note.body.size());
    }
    if (note.owner != "CORE") continue;
    if (note.type == NT_PRSTATUS) take_thread(core, note.body);
    if (note.type == NT_PRPSINFO) take_process(core, note.body);
    if (note.type == NT_AUXV) {
      core.auxiliary_vector.assign(note.body.begin(), note.body.end());
      take_auxiliary(notes, note.body);
    }
    if (note.type == NT_FILE && notes.files.empty()) notes.files = files_of(note.body);
  }
}

Mapping mapping_of(const Dumped& dumped) {
  Mapping mapping;
  mapping.range = dumped.segment.range;
  mapping.readable = (dumped.flags & PF_R) != 0;
  mapping.writable = (dumped.flags & PF_W) != 0;
  mapping.executable = (dumped.flags & PF_X) != 0;
  return mapping;
}

void name_file(Mapping& mapping, const FileRange& file,
               std::map<std::string, std::uint64_t>& known) {
  constexpr std::string_view kDeleted = " (deleted)";
  mapping.path = file.path;
  if (mapping.path.ends_with(kDeleted)) {
    mapping.path.resize(mapping.path.size() - kDeleted.size());
    mapping.deleted = true;
  }
  mapping.offset = file.offset + (mapping.range.begin - file.range.begin);
  mapping.inode = known.try_emplace(file.path, known.size() + 1).first->second;
}

// Mappings of segments, with the files behind them, and of files that no segment touches (gdb
// leaves those out that it need not keep; how they were mapped is not told).
std::vector<Mapping> maps_of(const std::vector<Dumped>& segments, std::vector<FileRange> files) {
  std::stable_sort(files.begin(), files.end(), [](const FileRange& a, const FileRange& b) {
    return a.range.begin < b.range.begin;
  });
  std::map<std::string, std::uint64_t> known;
  std::vector<Mapping> maps;
  auto file = files.begin();
  Address end = 0;  // of what is told already
  const auto add_file = [&](const FileRange& entry) {
    if (entry.range.begin < end) return;
    Mapping mapping;
    mapping.range = entry.range;
    mapping.readable = true;
    name_file(mapping, entry, known);
    maps.push_back(std::move(mapping));
    end = entry.range.end;
  };
  for (const Dumped& dumped : segments) {
    const AddressRange range = dumped.segment.range;
    for (; file != files.end() && file->range.end <= range.begin; ++file) add_file(*file);
    Mapping mapping = mapping_of(dumped);
    if (file != files.end() && file->range.contains(range.begin)) name_file(mapping, *file, known);
    maps.push_back(std::move(mapping));
    end = range.end;
  }
  for (; file != files.end(); ++file) add_file(*file);
  std::stable_sort(maps.begin(), maps.end(), [](const Mapping& a, const Mapping& b) {
    return a.range.begin < b.range.begin;
  });
  end = 0;
  std::erase_if(maps, [&](const Mapping& mapping) {
    if (mapping.range.begin < end) return true;
    end = mapping.range.end;
    return false;
  });
  return maps;
}

std::vector<Dumped> in_order(std::vector<Dumped> segments) {
  std::stable_sort(segments.begin(), segments.end(), [](const Dumped& a, const Dumped& b) {
    return a.segment.range.begin < b.segment.range.begin;
  });
  Address end = 0;
  std::erase_if(segments, [&](const Dumped& dumped) {
    if (dumped.segment.range.begin < end) return true;
    end = dumped.segment.range.end;
    return false;
  });
  return segments;
}

}  // namespace

std::optional<ElfCore> read_elf_core(int fd) {
  struct stat status;
  Elf64_Ehdr header;
  if (::fstat(fd, &status) != 0 || !read_at(fd, 0, &header, sizeof header)) return std::nullopt;
  constexpr unsigned kOrder =
      std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != kOrder || header.e_type != ET_CORE)
    return std::nullopt;
  const auto file_size = static_cast<std::uint64_t>(status.st_size);
  ElfCore core;
  core.machine = header.e_machine;
  Notes notes;
  std::vector<Dumped> segments;
  std::uint64_t note_bytes = 0;
  for (const Elf64_Phdr& program : read_program_headers(fd, header, file_size)) {
    if (program.p_type == PT_LOAD) {
      if (auto segment = segment_of(program, file_size)) segments.push_back(*segment);
    }
    if (program.p_type != PT_NOTE || program.p_offset >= file_size) continue;
    const std::uint64_t size =
        std::min({program.p_filesz, file_size - program.p_offset, kMaxNotes - note_bytes});
    note_bytes += size;
    std::vector<std::byte> bytes(size);
    if (read_at(fd, program.p_offset, bytes.data(), size))
      take_notes(core, notes, bytes, program.p_align);
  }
  segments = in_order(std::move(segments));
  if (segments.empty()) return std::nullopt;
  core.maps = maps_of(segments, std::move(notes.files));
  for (const Dumped& dumped : segments) {
    core.segments.push_back(dumped.segment);
    core.bytes_cut += dumped.segment.claimed - dumped.segment.present;
  }
  for (const Mapping& mapping : core.maps) {
    if (mapping.file_backed() && mapping.range.contains(notes.program_headers)) {
      core.executable = mapping.path;
    }
  }
  return core;
}

}  // namespace heapglass
