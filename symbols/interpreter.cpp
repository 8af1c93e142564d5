// Finds the interpreter of a process, or says what it is instead.
#include "symbols/interpreter.h"

#include <elf.h>

#include <array>
#include <fstream>
#include <iterator>

#include "symbols/descriptor.h"
#include "symbols/failure.h"
#include "symbols/interpreter_file.h"
#include "symbols/version.h"

namespace heapglass {
namespace {

// The machine whose layouts are compiled in.
constexpr std::uint16_t kMachine = EM_X86_64;
constexpr const char* kElsewhere = "heapglass ps";  // the processes that can be looked at

// How the Pythons that are not CPython are known: by what the program is called, by a library of
// theirs, by a symbol that they export. Empty: no such sign.
struct OtherPython {
  std::string_view name;
  std::string_view program;
  std::string_view library;
  std::string_view symbol;
};
constexpr std::array kOtherPythons{
    OtherPython{"PyPy", "pypy", "libpypy", "pypy_main_startup"},
    OtherPython{"GraalPy", "graalpy", "libpythonvm.so", ""},
    OtherPython{"MicroPython", "micropython", "", "mp_obj_new_str"},
};

// "process 42 (/usr/bin/sleep)"
std::string name_of(pid_t pid, const std::string& executable) {
  const std::string number = "process " + std::to_string(pid);
  return executable.empty() ? number : number + " (" + executable + ")";
}

// The name and the state letter of /proc/PID/stat: "2 (kthreadd) S 0 ..."; the name may hold
// parentheses. Empty: the process is gone.
struct Stat {
  std::string name;
  char state = 0;
};
Stat read_stat(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == text.npos || close == text.npos || close < open || close + 2 >= text.size())
    return {};
  return {text.substr(open + 1, close - open - 1), text[close + 2]};
}

Failure without_memory(pid_t pid) {
  const Stat stat = read_stat(pid);
  const std::string who = name_of(pid, stat.name);
  if (stat.state == 0) return {Exit::target_gone, who + " is gone", kElsewhere};
  if (stat.state == 'Z' || stat.state == 'X')
    return {Exit::target_gone, who + " has ended and waits for its parent", kElsewhere};
  return {Exit::not_cpython, who + " is a kernel thread, not Python", kElsewhere};
}

bool is_named(const OtherPython& other, const MappedFile& file) {
  const bool program = file.is_executable && file.name.starts_with(other.program);
  const bool library =
      file.executable_code && !other.library.empty() && file.name.starts_with(other.library);
  return program || library;
}

[[noreturn]] void throw_other_python(const std::string& who, const OtherPython& other) {
  throw Failure(Exit::not_cpython,
                who + " is " + std::string(other.name) + ", and heapglass reads CPython only",
                kElsewhere);
}

void refuse_other_machine(const std::string& who, const ElfImage& image) {
  if (!image.is_64bit)
    throw Failure(Exit::not_cpython, who + " is a 32-bit program, and heapglass reads 64-bit ones",
                  kElsewhere);
  if (image.machine != kMachine)
    throw Failure(Exit::not_cpython,
                  who + " is a program for another machine (ELF machine " +
                      std::to_string(image.machine) + "), and this heapglass reads x86-64",
                  kElsewhere);
}

Failure unopened(pid_t pid, const std::string& who, const std::string& path) {
  if (read_stat(pid).state == 0) return {Exit::target_gone, who + " is gone", kElsewhere};
  return {Exit::not_permitted, "the file " + path + " of " + who + " cannot be opened",
          "sudo heapglass doctor " + std::to_string(pid)};
}

// The first of the files that holds a Python runtime.
Interpreter find_file(const TargetFiles& target, const std::vector<MappedFile>& files,
                      Memory& memory) {
  const std::string& who = target.name;
  const MappedFile* unopened = nullptr;
  for (const MappedFile& file : files) {
    const bool likely = file.is_executable || file.named_python;
    if (!likely && !file.executable_code) continue;
    auto image = target.look(file.first);
    if (!image && likely && (unopened == nullptr || file.named_python)) unopened = &file;
    if (!image || image->machine == EM_NONE) continue;
    if (likely) refuse_other_machine(who, *image);
    for (const OtherPython& other : kOtherPythons)
      if (image->symbol(other.symbol)) throw_other_python(who, other);
    if (auto interpreter = interpreter_in(file, std::move(*image), memory))
      return std::move(*interpreter);
  }
  if (unopened != nullptr) throw target.unopened(unopened->first.path);
  throw Failure(Exit::not_cpython, who + " runs no Python", kElsewhere);
}

bool is_mapped(const std::vector<Mapping>& maps, AddressRange range) {
  Address reached = range.begin;
  for (const Mapping& mapping : maps)
    if (mapping.range.contains(reached)) reached = mapping.range.end;
  return reached >= range.end;
}

}  // namespace

TargetFiles files_of_process(pid_t pid) {
  const std::string executable = executable_path(pid);
  const std::string who = name_of(pid, executable);
  return {
      .name = who,
      .executable = executable,
      .look = [pid](const Mapping& mapping) -> std::optional<ElfImage> {
        const Descriptor fd(open_mapped_file(pid, mapping));
        if (!fd) return std::nullopt;
        return read_elf(fd.get()).value_or(ElfImage{});
      },
      .unopened = [pid, who](const std::string& path) { return unopened(pid, who, path); },
      .empty = [pid] { return without_memory(pid); },
  };
}

Interpreter find_interpreter(const TargetFiles& target, const std::vector<Mapping>& maps,
                             Memory& memory) {
  if (maps.empty()) throw target.empty();
  const std::string& who = target.name;
  const std::vector<MappedFile> files = mapped_files(maps, target.executable);
  for (const MappedFile& file : files)
    for (const OtherPython& other : kOtherPythons)
      if (is_named(other, file)) throw_other_python(who, other);

  Interpreter interpreter = find_file(target, files, memory);
  read_version(interpreter, maps, memory);
  // Both string types: the old Python, whichever minor version.
  if (interpreter.image.symbol("PyString_Type") || interpreter.version.major == 2)
    throw Failure(Exit::not_cpython,
                  who + " is CPython " + interpreter.version.text() + ", and heapglass reads 3",
                  kElsewhere);
  if (interpreter.version_source.empty())
    throw Failure(
        Exit::not_cpython,
        who + " holds a CPython in " + interpreter.path + ", but nothing tells of which version",
        kElsewhere);
  const bool has_runtime = interpreter.runtime.begin != 0;  // not up to 3.6
  if (has_runtime && !is_mapped(maps, interpreter.runtime))
    throw Failure(Exit::not_cpython,
                  "the file " + interpreter.path + " does not fit the memory of " + who,
                  kElsewhere);
  return interpreter;
}

}  // namespace heapglass
