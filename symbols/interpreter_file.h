// The mapped files of a process in the order in which they may be its interpreter, and one of them
// made into an Interpreter. Shared by find_interpreter, which explains, and recognise_interpreter,
// which is quick.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "symbols/interpreter.h"

namespace heapglass {

struct MappedFile {
  Mapping first;                 // its mapping of the lowest file offset
  std::string name;              // the last part of its path
  bool is_executable = false;    // what the process was started from: /proc/PID/exe
  bool named_python = false;     // "libpython3.11.so.1.0", "python3"
  bool executable_code = false;  // some of it is mapped to be run
};

// readlink of /proc/PID/exe, " (deleted)" taken off; empty where it may not be read.
std::string executable_path(pid_t pid);

// Every file once. The executable comes first (if it defines the runtime, a libpython that is
// mapped besides it is not the one in use), then those named like Python, then the rest.
std::vector<MappedFile> mapped_files(const std::vector<Mapping>& maps,
                                     const std::string& executable);

// nullopt if `image` holds no Python runtime. `memory`: where the file is mapped. The version is
// not filled in yet.
std::optional<Interpreter> interpreter_in(const MappedFile& file, ElfImage image, Memory& memory);

}  // namespace heapglass
