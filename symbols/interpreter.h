// Which mapped file of a process is its Python interpreter, where its symbols are in memory, and
// exactly which version it is.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "symbols/elf_image.h"
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

// Throws Failure(not_cpython): no Python in it (says what it is), or PyPy, GraalPy, MicroPython,
// CPython 2.7, 32-bit, another architecture, each by name.
Interpreter find_interpreter(pid_t pid, const std::vector<Mapping>& maps, Memory& memory);

// Whether a process looks like CPython at all, cheaply and without throwing (for `ps`): by the
// names of its mapped files first, then by symbols. nullopt: no.
std::optional<Interpreter> recognise_interpreter(pid_t pid);

}  // namespace heapglass
