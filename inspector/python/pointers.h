// A vector of pointers to objects that stands in its own block: the items of a list, of a pickler's
// stack, of an element.
#pragma once

#include <optional>

#include "inspector/python/bytes.h"
#include "inspector/python/decoders.h"
#include "inspector/python/reference.h"

namespace heapglass {

// `count` as read from the target: negative or beyond the mapping counts as a fault and shows none.
// `stride`: bytes from one pointer to the next. `name`: of all of them, where a position says
// nothing.
inline void add_items(Address items, std::int64_t count, ReferenceKind kind,
                      const Decoders& decoders, Sink& sink, std::int64_t stride = sizeof(Address),
                      std::optional<FixedName> name = std::nullopt) {
  if (count == 0) return;
  const auto room = static_cast<std::int64_t>(decoders.mirror.room(items));
  if (count < 0 || stride < std::int64_t{sizeof(Address)} || count > room / stride) {
    return decoders.fault(Fault::absurd_size);
  }
  const std::byte* bytes = decoders.mirror.at(items, static_cast<std::size_t>(count * stride));
  if (bytes == nullptr) {
    return decoders.unreadable(items, static_cast<std::uint64_t>(count * stride));
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const Address item = load_pointer(bytes, i * stride);
    if (name) {
      sink.add(item, kind, *name);
    } else {
      sink.add(item, kind, LabelKind::item, static_cast<std::uint64_t>(i));
    }
  }
}

}  // namespace heapglass
