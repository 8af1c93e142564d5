// From an instruction of a code object to its source line (Objects/codeobject.c, PyCode_Addr2Line).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "symbols/layout.h"

namespace heapglass {

// `table`: the bytes of co_lnotab or co_linetable; `position`: of the instruction, in bytes from
// the first one of the code; before the first (a frame that has not begun) gives `first_line`.
// nullopt where the compiler gave it no line, and where a table ends early or makes no sense.
std::optional<std::int64_t> line_at(LineTable kind, std::span<const std::byte> table,
                                    std::int64_t first_line, std::int64_t position);

}  // namespace heapglass
