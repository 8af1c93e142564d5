#include "inspector/target/core_writer.h"

#include <elf.h>
#include <sys/procfs.h>
#include <sys/reg.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "inspector/target/page_map.h"
#include "symbols/elf_core.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kLongRun = 16 * kPage;  // of zeros, worth a segment of their own

// One program header, and the bytes behind it; none: zeros, or unknown.
struct Piece {
  AddressRange range;
  const std::byte* data = nullptr;
  bool zeros = false;
  std::uint32_t flags = 0;
};

bool is_zero(const std::byte* page) {
  static constexpr std::array<std::byte, kPage> kZeroPage{};
  return std::memcmp(page, kZeroPage.data(), kPage) == 0;
}

void add_zeros(std::vector<Piece>& pieces, AddressRange range) {
  if (range.size() != 0) pieces.push_back({range, nullptr, true});
}

void add_data(std::vector<Piece>& pieces, const CorePart& part, AddressRange range) {
  if (range.size() != 0)
    pieces.push_back({range, part.data + (range.begin - part.range.begin), false});
}

// A part, cut where long runs of zeros begin and end.
void cut_at_zeros(const CorePart& part, std::vector<Piece>& pieces) {
  Address data = part.range.begin;   // what is not yet a piece begins here
  Address zeros = part.range.begin;  // and its last zeros here
  for (Address at = part.range.begin; at <= part.range.end; at += kPage) {
    const bool end = at == part.range.end;
    if (!end && is_zero(part.data + (at - part.range.begin))) continue;
    if (at - zeros >= kLongRun) {
      add_data(pieces, part, {data, zeros});
      add_zeros(pieces, {zeros, at});
      data = at;
    }
    zeros = at + kPage;
    if (end) add_data(pieces, part, {data, at});
  }
}

std::uint32_t flags_of(const Mapping& mapping) {
  return (mapping.readable ? PF_R : 0u) | (mapping.writable ? PF_W : 0u) |
         (mapping.executable ? PF_X : 0u);
}

// Every mapping, as pieces that follow each other without a gap.
std::vector<Piece> pieces_of(const CoreContents& contents) {
  std::vector<Piece> pieces;
  auto part = contents.parts.begin();
  for (const Mapping& mapping : contents.maps) {
    const std::size_t first = pieces.size();
    Address at = mapping.range.begin;
    for (; part != contents.parts.end() && part->range.begin < mapping.range.end; ++part) {
      if (part->range.begin < at || part->range.end > mapping.range.end) continue;
      if (at < part->range.begin) pieces.push_back({{at, part->range.begin}});
      cut_at_zeros(*part, pieces);
      at = part->range.end;
    }
    if (at < mapping.range.end) pieces.push_back({{at, mapping.range.end}});
    for (std::size_t i = first; i < pieces.size(); ++i) pieces[i].flags = flags_of(mapping);
  }
  return pieces;
}

template <class T>
void put(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_note(std::string& notes, std::string_view owner, std::uint32_t type,
              std::string_view body) {
  const auto pad = [&] { notes.resize((notes.size() + 3) / 4 * 4); };
  put(notes, Elf64_Nhdr{static_cast<Elf64_Word>(owner.size() + 1),
                        static_cast<Elf64_Word>(body.size()), type});
  notes.append(owner).push_back('\0');
  pad();
  notes.append(body);
  pad();
}

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

void put_text(char* into, std::size_t size, std::string_view text) {
  std::memcpy(into, text.data(), std::min(size - 1, text.size()));
}

// As fill_files_note of fs/binfmt_elf.c.
std::string file_note(const std::vector<Mapping>& maps) {
  std::string table, names;
  std::uint64_t count = 0;
  for (const Mapping& mapping : maps) {
    if (!mapping.file_backed()) continue;
    ++count;
    put(table, mapping.range.begin);
    put(table, mapping.range.end);
    put(table, mapping.offset / kPage);
    names.append(mapping.path).append(mapping.deleted ? " (deleted)" : "").push_back('\0');
  }
  std::string note;
  put(note, count);
  put(note, kPage);
  return note.append(table).append(names);
}

std::string notes_of(const CoreContents& contents) {
  const ProcessFacts& process = contents.process;
  prpsinfo_t info{};
  info.pr_sname = process.state;
  info.pr_uid = process.uid;
  info.pr_pid = process.pid;
  info.pr_ppid = process.parent;
  const std::string_view exe = process.exe;
  put_text(info.pr_fname, sizeof info.pr_fname, exe.substr(exe.rfind('/') + 1));
  put_text(info.pr_psargs, sizeof info.pr_psargs, process.command);
  std::string notes;
  put_note(notes, "CORE", NT_PRPSINFO, bytes_of(info));
  // Registers are not known; that a thread was in a system call is.
  const std::uint32_t threads = std::min<std::uint32_t>(std::max(contents.threads, 1u), 1 << 16);
  for (std::uint32_t i = 0; i < threads; ++i) {
    prstatus_t status{};
    status.pr_pid = process.pid + static_cast<pid_t>(i);
    if (i < contents.on_cpu_threads) status.pr_reg[ORIG_RAX] = ~0ull;
    put_note(notes, "CORE", NT_PRSTATUS, bytes_of(status));
  }
  const auto& auxv = contents.auxiliary_vector;
  put_note(notes, "CORE", NT_AUXV, {reinterpret_cast<const char*>(auxv.data()), auxv.size()});
  put_note(notes, "CORE", NT_FILE, file_note(contents.maps));
  put_note(notes, kOwnNoteOwner, kOwnNoteType, contents.own_note);
  return notes;
}

}  // namespace

void write_core(const CoreContents& contents, const Write& write, const Run& run) {
  const std::vector<Piece> pieces = pieces_of(contents);
  const std::string notes = notes_of(contents);
  const std::uint64_t headers = pieces.size() + 1;
  const bool many = headers >= PN_XNUM;  // then the first section header has the number

  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_CORE;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof header + (many ? sizeof(Elf64_Shdr) : 0);
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(many ? PN_XNUM : headers);
  if (many) {
    header.e_shoff = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 1;
  }
  std::string front;
  put(front, header);
  if (many) {
    Elf64_Shdr first{};
    first.sh_info = static_cast<Elf64_Word>(headers);
    put(front, first);
  }
  Elf64_Phdr program{};
  program.p_type = PT_NOTE;
  program.p_offset = header.e_phoff + headers * sizeof program;
  program.p_filesz = notes.size();
  program.p_align = 4;
  put(front, program);
  std::uint64_t offset = (program.p_offset + notes.size() + kPage - 1) / kPage * kPage;
  for (const Piece& piece : pieces) {
    program = {};
    program.p_type = PT_LOAD;
    program.p_flags = piece.flags | (piece.zeros ? kZeros : 0);
    program.p_offset = offset;
    program.p_vaddr = piece.range.begin;
    program.p_filesz = piece.data == nullptr ? 0 : piece.range.size();
    program.p_memsz = piece.range.size();
    program.p_align = kPage;
    put(front, program);
    offset += program.p_filesz;
  }
  front += notes;
  front.resize((front.size() + kPage - 1) / kPage * kPage);
  write(front);
  constexpr std::uint64_t kStep = 1 << 20;
  for (const Piece& piece : pieces) {
    if (piece.data == nullptr) continue;
    for (std::uint64_t at = 0; at < piece.range.size(); at += kStep) {
      if (run.stopping()) throw Interrupted{run.interrupted->load()};
      write({reinterpret_cast<const char*>(piece.data) + at,
             static_cast<std::size_t>(std::min(kStep, piece.range.size() - at))});
    }
  }
}

}  // namespace heapglass
