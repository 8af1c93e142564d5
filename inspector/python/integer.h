// Small numbers out of int objects (Objects/longobject.c): what a table is keyed by, a thread's
// number.
#pragma once

#include <cstdint>
#include <optional>

#include "inspector/python/bytes.h"
#include "inspector/target/mirror.h"
#include "symbols/layout.h"

namespace heapglass {

// Of an int that is not negative and below 2^60; nullopt for others, and for what is unreadable.
inline std::optional<std::uint64_t> read_number(Address address, const Layout& layout,
                                                Mirror& mirror) {
  constexpr int kDigitBits = 30;
  const std::int32_t digits_at = layout[Fact::PyLongObject_long_value_ob_digit];
  const std::byte* body =
      mirror.at(address, static_cast<std::size_t>(digits_at) + sizeof(std::uint32_t));
  if (body == nullptr) return std::nullopt;
  std::uint64_t count;
  if (layout.has(Fact::PyLongObject_long_value_lv_tag)) {
    constexpr std::uint64_t kSign = 3, kNegative = 2;
    constexpr int kCountShift = 3;
    const auto tag = load<std::uint64_t>(body, layout[Fact::PyLongObject_long_value_lv_tag]);
    if ((tag & kSign) == kNegative) return std::nullopt;
    count = tag >> kCountShift;
  } else {
    count = load<std::uint64_t>(body, layout[Fact::PyVarObject_ob_size]);  // negative ones are big
  }
  if (count > 2) return std::nullopt;
  if (count == 2) body = mirror.at(address, static_cast<std::size_t>(digits_at) + 8);
  if (body == nullptr) return std::nullopt;
  std::uint64_t number = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    number |= std::uint64_t{load<std::uint32_t>(body, digits_at + static_cast<int>(i) * 4)}
              << static_cast<int>(i) * kDigitBits;
  }
  return number;
}

}  // namespace heapglass
