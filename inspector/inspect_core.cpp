#include "inspector/inspect_core.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "inspector/core_note.h"
#include "inspector/examine.h"
#include "inspector/open_target.h"
#include "inspector/target/core_memory.h"
#include "inspector/target/zstd.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kMega = 1 << 20;

std::unique_ptr<CoreMemory> open_core(const CoreSource& source, const Run& run) {
  Descriptor fd(::open(source.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    throw Failure(Exit::usage, source.path + " cannot be opened: " + std::strerror(errno),
                  "heapglass core PID -o FILE");
  }
  if (is_compressed(fd.get())) fd = decompress(fd.get(), memory_budget(run) / 2, run);
  auto core = read_elf_core(fd.get());
  if (!core) {
    throw Failure(Exit::not_cpython,
                  source.path + " is no core of a 64-bit process, or a damaged one",
                  "heapglass core PID -o FILE");
  }
  return std::make_unique<CoreMemory>(std::move(fd), std::move(*core), source.sysroot);
}

std::string name_of(const CoreSource& source, const ElfCore& core) {
  return "core " + source.path + (core.executable.empty() ? "" : " (of " + core.executable + ")");
}

Failure not_found(const CoreSource& source, CoreMemory& memory, const std::string& path) {
  std::string id;
  for (const Mapping& mapping : memory.core().maps) {
    if (mapping.path == path && id.empty()) id = memory.file_of(mapping).build_id;
  }
  return {Exit::not_cpython,
          "the core needs the file " + path + (id.empty() ? "" : " (build id " + id + ")") +
              ", and there is none of that build " +
              (source.sysroot == "/" ? "here" : "below " + source.sysroot),
          "--sysroot DIR, where DIR" + path + " is the file of the machine that the core is from"};
}

TargetFiles files_of(const CoreSource& source, CoreMemory& memory,
                     const std::optional<CoreNote>& note) {
  const std::string who = name_of(source, memory.core());
  const std::string executable =
      memory.core().executable.empty() && note ? note->process.exe : memory.core().executable;
  return {
      .name = who,
      .executable = executable,
      .look = [&memory, note](const Mapping& mapping) -> std::optional<ElfImage> {
        if (note && mapping.path == note->interpreter) return note->image;
        const CoreFile& file = memory.file_of(mapping);
        if (!file.fd) return std::nullopt;
        return read_elf(file.fd.get()).value_or(ElfImage{});
      },
      .unopened = [source,
                   &memory](const std::string& path) { return not_found(source, memory, path); },
      .empty = [who] { return Failure(Exit::not_cpython, who + " has no memory in it"); },
  };
}

// What is cut off may be just what was looked for.
[[noreturn]] void throw_cut(const CoreSource& source, const ElfCore& core, const Failure& failure) {
  throw Failure(
      Exit::incomplete,
      source.path + " is cut short, " + std::to_string(core.bytes_cut / kMega + 1) +
          " MB are missing at its end, and what is there is not enough: " + failure.what(),
      "take the core again, with room for all of it (ulimit -c unlimited)");
}

struct Known {
  Python python;
  std::vector<Arena> arenas;
};

Known look_into(const CoreSource& source, CoreMemory& memory, const TargetFiles& files) {
  try {
    // Code too: in a stripped file it tells where the allocator's tables are.
    Mirror whole = whole_core(memory);
    FirstLook look = look_first(files, memory.core().maps, whole);
    require_readable(look, name_of(source, memory.core()), "heapglass " + source.path + " -v");
    std::vector<Arena> arenas = arenas_of(look.python, whole);
    return {std::move(look.python), std::move(arenas)};
  } catch (const Failure& failure) {
    if (memory.core().bytes_cut != 0) throw_cut(source, memory.core(), failure);
    throw;
  }
}

void check_budget(const CoreMemory& memory, const Run& run) {
  PageChoice all;
  all.bytes_copied = memory.object_bytes();
  const std::uint64_t needed = memory_needed(all), budget = memory_budget(run);
  if (needed <= budget) return;
  const std::string size = std::to_string(needed / kMega + 1) + "M";
  throw Failure(Exit::incomplete,
                "reading the core needs about " + size + " of memory here and may use " +
                    std::to_string(budget / kMega + 1) + "M",
                "--max-memory " + size + ", if that much is really free");
}

Acquisition describe(const CoreSource& source, const CoreMemory& memory,
                     const std::optional<CoreNote>& note) {
  const ElfCore& core = memory.core();
  Acquisition acquisition;
  if (note) {
    const Acquisition& then = note->acquisition;
    acquisition.mode = Mode::core;
    acquisition.taken_at = then.taken_at;
    acquisition.pause_ms = then.pause_ms;
    acquisition.estimated_pause_ms = then.estimated_pause_ms;
    acquisition.approximate = then.approximate;
    acquisition.threads = then.threads;
    acquisition.on_cpu_threads = then.on_cpu_threads;
    acquisition.bytes_read = then.bytes_read;
    acquisition.bytes_left_out = then.bytes_left_out;
    return acquisition;
  }
  acquisition.mode = Mode::core;
  struct stat status {};
  if (::stat(source.path.c_str(), &status) == 0) {
    acquisition.taken_at = std::chrono::system_clock::from_time_t(status.st_mtime);
  }
  acquisition.threads = core.threads;
  acquisition.on_cpu_threads = core.on_cpu_threads;
  acquisition.bytes_read = memory.object_bytes();
  return acquisition;
}

ProcessFacts process_of(const ElfCore& core) {
  ProcessFacts facts;
  facts.pid = facts.inner_pid = core.pid;
  facts.uid = core.uid;
  facts.state = core.state;
  facts.threads = core.threads;
  facts.exe = core.executable;
  facts.command = core.command;
  for (const CoreSegment& segment : core.segments) facts.rss += segment.present;
  return facts;
}

}  // namespace

bool looks_like_core(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  Elf64_Ehdr header{};
  if (!file) return false;
  if (is_compressed(file.get())) {
    const std::string beginning = decompressed_beginning(file.get(), sizeof header);
    if (beginning.size() < sizeof header) return false;
    std::memcpy(&header, beginning.data(), sizeof header);
  } else if (::pread(file.get(), &header, sizeof header, 0) != sizeof header) {
    return false;
  }
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_type == ET_CORE;
}

Seen see_core(const CoreSource& source, const InspectOptions& options, const Run& run) {
  run.report("reading the core", -1);
  auto memory = open_core(source, run);
  const std::optional<CoreNote> note = read_core_note(memory->core().own_note);
  TargetFiles files = files_of(source, *memory, note);
  auto [python, arenas] = look_into(source, *memory, files);
  check_budget(*memory, run);
  ProcessFacts process = note ? note->process : process_of(memory->core());
  Acquisition acquisition = describe(source, *memory, note);
  std::vector<Mapping> maps = memory->core().maps;
  std::vector<std::byte> auxiliary_vector = memory->core().auxiliary_vector;
  Mirror mirror = objects_of_core(*memory);
  View view{std::move(memory), std::move(mirror)};
  Inspection result = examine(python, arenas, view, std::move(acquisition), options, run);
  result.target = target_facts(python, process.pid, process.exe);
  result.process = std::move(process);
  return {std::move(result), std::move(python), std::move(view),
          std::move(files),  std::move(maps),   std::move(auxiliary_vector)};
}

Inspection inspect_core(const CoreSource& source, const InspectOptions& options, const Run& run) {
  return only_inspection(see_core(source, options, run), options);
}

}  // namespace heapglass
