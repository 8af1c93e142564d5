// Where a generator's own frame stands, of those that have it inside (3.11+; enum _framestate of
// Include/internal/pycore_frame.h, whose numbers change with versions).
#pragma once

#include <cstddef>
#include <cstdint>

#include "inspector/python/bytes.h"
#include "symbols/layout.h"

namespace heapglass {

enum class GeneratorState : std::uint8_t {
  created,
  suspended,
  executing,
  completed,  // it has returned, and its frame is not cleared yet
  cleared
};

// body: of a generator, coroutine or asynchronous generator; the layout has gi_frame_state.
inline GeneratorState generator_state(const std::byte* body, const Layout& layout) {
  const auto value = [&](Fact fact) { return static_cast<std::int8_t>(layout[fact]); };
  const auto state = load<std::int8_t>(body, layout[Fact::PyGenObject_gi_frame_state]);
  const std::int8_t executing = value(Fact::framestate_FRAME_EXECUTING);
  if (state == value(Fact::framestate_FRAME_CREATED)) return GeneratorState::created;
  if (state < executing) return GeneratorState::suspended;
  if (state == executing) return GeneratorState::executing;
  return state < value(Fact::framestate_FRAME_CLEARED) ? GeneratorState::completed
                                                       : GeneratorState::cleared;
}

}  // namespace heapglass
