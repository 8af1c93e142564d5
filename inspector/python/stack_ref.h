// What stands in the slots of an interpreter frame (_PyStackRef,
// Include/internal/pycore_stackref.h): a pointer, from 3.14 on with two low bits that say more.
#pragma once

#include <cstdint>
#include <optional>

#include "inspector/python/bytes.h"
#include "symbols/layout.h"

namespace heapglass {

struct StackRef {
  Address to = 0;       // 0: none, or a small number that stands there itself
  bool counted = true;  // in ob_refcnt; else borrowed, or of an immortal object
};

inline StackRef stack_ref(Address word, const Layout& layout) {
  if (layout.dialects.stack_refs == StackRefs::pointer) return {word, true};
  constexpr Address kBorrowed = 1, kTags = 3;  // Py_TAG_REFCNT; both: Py_INT_TAG
  if ((word & kTags) == kTags) return {0, false};
  return {word & ~kTags, (word & kBorrowed) == 0};
}

// How many slots of the frame at `frame` are in use, its locals included; nullopt: it runs, and
// only the interpreter knows. May be absurd.
inline std::optional<std::uint64_t> slots_in_use(Address frame, const std::byte* head,
                                                 const Layout& layout) {
  if (layout.has(Fact::_PyInterpreterFrame_stackpointer)) {
    const Address top = load_pointer(head, layout[Fact::_PyInterpreterFrame_stackpointer]);
    if (top == 0) return std::nullopt;
    return (top - frame - static_cast<Address>(layout[Fact::_PyInterpreterFrame_localsplus])) /
           sizeof(Address);
  }
  const auto top = load<std::int32_t>(head, layout[Fact::_PyInterpreterFrame_stacktop]);
  if (top < 0) return std::nullopt;
  return static_cast<std::uint64_t>(top);
}

}  // namespace heapglass
