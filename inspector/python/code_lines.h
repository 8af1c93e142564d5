// Where in its source a frame, a generator or a traceback stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "inspector/python/decoders.h"

namespace heapglass {

// The bytes of co_lnotab or co_linetable; empty: there are none that can be read.
std::span<const std::byte> line_table_of(const Object& code, const Decoders& decoders);

// How many bytes of line tables may still be looked through. A look costs the table's length, and
// a forged heap can have a million frames of one long table.
struct LineBudget {
  std::uint64_t bytes = std::uint64_t{1} << 26;
};

// f_lineno, of a frame that no debugger moves; of a generator or coroutine that of its frame, while
// it has one; tb_lineno. nullopt: it has no line, or one of its tables makes no sense.
std::optional<std::int64_t> frame_line(const Object& frame, const Decoders&, LineBudget&);
std::optional<std::int64_t> generator_line(const Object& generator, const Decoders&, LineBudget&);
std::optional<std::int64_t> traceback_line(const Object& traceback, const Decoders&, LineBudget&);

}  // namespace heapglass
