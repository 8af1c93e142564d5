// A vector of pointers to objects that stands in its own block: the items of a list, of a pickler's
// stack, of an element.
#pragma once

#include <optional>

#include "inspector/python/bytes.h"
#include "inspector/python/decoders.h"
#include "inspector/python/reference.h"

namespace heapglass {

// The bytes of `count` pointers, `stride` bytes from one to the next; `count` as read from the
// target. Null where there are none, and, counted as a fault, where it is negative or they are not
// there.
inline const std::byte* pointers_at(Address items, std::int64_t count, const Decoders& decoders,
                                    std::int64_t stride = sizeof(Address)) {
  if (count == 0) return nullptr;
  const auto room = static_cast<std::int64_t>(decoders.mirror.room(items));
  if (count < 0 || stride < std::int64_t{sizeof(Address)} || count > room / stride) {
    decoders.fault(Fault::absurd_size);
    return nullptr;
  }
  const std::byte* bytes = decoders.mirror.at(items, static_cast<std::size_t>(count * stride));
  if (bytes == nullptr) decoders.unreadable(items, static_cast<std::uint64_t>(count * stride));
  return bytes;
}

// `name`: of all of them, where a position says nothing.
inline void add_items(Address items, std::int64_t count, ReferenceKind kind,
                      const Decoders& decoders, Sink& sink, std::int64_t stride = sizeof(Address),
                      std::optional<FixedName> name = std::nullopt) {
  const std::byte* bytes = pointers_at(items, count, decoders, stride);
  if (bytes == nullptr) return;
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
