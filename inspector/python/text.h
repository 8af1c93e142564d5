// Python strings out of the mirror (Objects/unicodeobject.c): names of types, keys, files. The only
// contents that are read for more than their size.
#pragma once

#include <optional>
#include <string>

#include "inspector/target/mirror.h"
#include "symbols/layout.h"

namespace heapglass {

// Where a str keeps its characters; sizes in characters and bytes.
struct TextShape {
  std::uint64_t length = 0;  // code points
  unsigned kind = 1;         // bytes a code point: 1, 2, 4; 0: not materialised (before 3.12)
  bool ascii = false;
  bool compact = false;  // characters follow the struct
  unsigned interned = 0;
  Address data = 0;              // 0: none
  std::uint64_t utf8_bytes = 0;  // of a separate UTF-8 copy that it owns, NUL included
  std::uint64_t wstr_bytes = 0;  // of a separate wchar_t copy, up to 3.11, NUL included
};

// What the flags of a str say (PyASCIIObject.state).
struct TextState {
  unsigned interned = 0, kind = 0;
  bool compact = false, ascii = false;
};
TextState text_state(const std::byte* body, const Layout& layout);

// Of the object at `address`, taken to be a str. nullopt: unreadable, or a length that does not
// fit.
std::optional<TextShape> text_shape(Address address, const Layout& layout, Mirror& mirror);

// UTF-8 of a str, at most `limit` code points and "…" behind them; lone surrogates become U+FFFD.
std::optional<std::string> read_text(Address address, const Layout& layout, Mirror& mirror,
                                     std::size_t limit = 1024);

}  // namespace heapglass
