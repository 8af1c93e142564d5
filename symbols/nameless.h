// An interpreter whose file names nothing: linked into a program that was stripped of its dynamic
// symbols too, as a static build without --export-dynamic is. What the checks and the walk ask for
// by name is recognised by what it is.
#pragma once

#include <optional>

#include "symbols/interpreter.h"
#include "symbols/layout.h"
#include "symbols/memory.h"

namespace heapglass {

// Ten times the largest; a size that a file claims is no reason to read gigabytes.
inline constexpr std::uint64_t kMaxRuntime = std::uint64_t{16} << 20;

// 3.13+: where a file without section headers has its _PyRuntime, by the cookie of the debug
// offsets (Include/internal/pycore_debug_offsets.h). It ends somewhere before the range does.
// Empty: there is none.
AddressRange runtime_by_cookie(const ElfImage& image, Address bias, Memory& memory);

// From the text that Py_GetVersion makes (Python/getversion.c), "3.11.2 (main, Apr 28 2025,
// 14:11:48) [GCC 12.2.0]", in the file's variables. nullopt: there is none.
std::optional<PythonVersion> version_in_variables(const Interpreter& interpreter, Memory& memory);

// Where the file does not name PyType_Type: puts the static types that stand in its variables among
// the image's symbols, under their C names where something asks for them by it, else as they call
// themselves. A type is what has for its type the one that is its own and is called "type".
void name_static_types(Interpreter& interpreter, const Layout& layout, Memory& memory);

}  // namespace heapglass
