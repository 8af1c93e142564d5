// What the collector is shown of an instance with inline values that has a __dict__ besides
// (CPython 3.13, python/cpython#130327): the values, or since a fix the dict. The fix stands in the
// code alone and distributions put it into older versions (Debian's 3.13.5-2+deb13u3), so that no
// number tells; the code of PyObject_VisitManagedDict does.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "symbols/interpreter.h"
#include "symbols/memory.h"

namespace heapglass {

// Whether the target's function asks for the dict before it asks for inline values. nullopt: it
// cannot be told. Its code is searched, never run.
std::optional<bool> visits_dict_first(const Interpreter& interpreter, Memory& memory);

// The same of that function's x86-64 code.
std::optional<bool> visits_dict_first(std::span<const std::byte> code);

}  // namespace heapglass
