// Which Python an interpreter's file is: by its own constants where it has them (3.11 and later),
// else by how files are named. Sources: CPython Include/patchlevel.h (PY_VERSION_HEX),
// Python/getversion.c (Py_Version), Include/internal/pycore_debug_offsets.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "symbols/interpreter.h"

namespace heapglass {

// What "libpython3.6dm.so.1.0" or "python3.13t" say.
struct NamedPython {
  int major = -1;  // -1: the name does not say
  int minor = -1;
  bool free_threaded = false;
  bool debug = false;
};

// From the last part of a path; nullopt if it is not named as an interpreter or its library is.
std::optional<NamedPython> python_in_name(std::string_view file_name);

// From PY_VERSION_HEX; nullopt for what can be no version.
std::optional<PythonVersion> version_of_hex(std::uint64_t hex);

// Fills version, version_source, free_threaded and debug. micro is -1 where only names told, and
// major and minor -1 where nothing did; version_source is then empty.
void read_version(Interpreter& interpreter, const std::vector<Mapping>& maps, Memory& memory);

}  // namespace heapglass
