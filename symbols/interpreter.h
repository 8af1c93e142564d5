// Which mapped file of a process is its Python interpreter, where its symbols are in memory, and
// exactly which version it is.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "symbols/elf_image.h"
#include "symbols/failure.h"
#include "symbols/maps.h"
#include "symbols/memory.h"

namespace heapglass {

struct PythonVersion {
  int major = 0, minor = 0, micro = 0;
  std::string suffix;        // "", "a1", "b2", "rc1", "+"
  std::string text() const;  // "3.12.1"
};

struct Interpreter {
  std::string path;      // of the mapped file that holds the runtime, as the target names it
  std::string build_id;  // hex
  PythonVersion version;
  std::string version_source;  // "Py_Version", "debug offsets", ...
  bool free_threaded = false;
  bool debug = false;     // pydebug build (soname or file name ends in 'd', or Py_DEBUG symbols)
  bool stripped = false;  // dynamic symbols only
  Address bias = 0;
  ElfImage image;
  AddressRange runtime;  // _PyRuntime in memory; empty if unknown (<= 3.6)

  // Minor version and flavour, as layouts are named: "3.12", "3.13t", "3.11d".
  std::string layout_name() const;
  // Address in the target of a symbol of the interpreter's file.
  std::optional<Address> symbol(std::string_view name) const;
};

// Opens a mapped file of a process without being led elsewhere: through /proc/PID/map_files, for
// the executable through /proc/PID/exe, else below /proc/PID/root without following links out of
// it, and then only a regular file with the mapping's device and inode. Returns an owned descriptor
// or -1.
int open_mapped_file(pid_t pid, const Mapping& mapping);
// The regular file of that path below `root`, links followed as if it were the root; an owned
// descriptor or -1.
int open_file_below(const std::string& root, const std::string& path);

// Whose interpreter is looked for: a process, or what a core has of one.
struct TargetFiles {
  std::string name;        // as messages call it: "process 42 (/usr/bin/sleep)"
  std::string executable;  // path of what it was started from; empty if unknown
  // What a mapped file is: nullopt for one that cannot be opened, an image without machine (0) for
  // one that is no ELF file.
  std::function<std::optional<ElfImage>(const Mapping&)> look;
  // What to say where a file that may be the interpreter cannot be opened.
  std::function<Failure(const std::string& path)> unopened;
  // What to say where nothing is mapped at all.
  std::function<Failure()> empty;
};

// Throws Failure(not_cpython): no Python in it (says what it is), or PyPy, GraalPy, MicroPython,
// CPython 2.7, 32-bit, another architecture, each by name.
Interpreter find_interpreter(const TargetFiles& target, const std::vector<Mapping>& maps,
                             Memory& memory);
// Of a process, which may be gone or a thread of the kernel.
TargetFiles files_of_process(pid_t pid);

// Whether a process looks like CPython at all, cheaply and without throwing (for `ps`): by the
// names of its mapped files first, then by symbols. nullopt: no.
std::optional<Interpreter> recognise_interpreter(pid_t pid);

}  // namespace heapglass
