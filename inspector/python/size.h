// What an object weighs: as sys.getsizeof says, and what it occupies.
#pragma once

#include <cstdint>
#include <optional>

#include "inspector/python/decoders.h"

namespace heapglass {

struct ObjectSize {
  std::uint64_t bytes = 0;      // sys.getsizeof, the collector's header included
  std::uint64_t footprint = 0;  // rounded block with headers, and the tables that it alone owns
};

// A length that contradicts its mapping counts as a fault and weighs nothing.
ObjectSize size_of(const Object& object, const Decoders& decoders);

// __sizeof__ of the extension types that have their own, without headers; and
// the bytes that they own outside their body. nullopt: the type uses object.__sizeof__.
struct OwnSize {
  std::uint64_t sizeof_result = 0;
  std::uint64_t outside = 0;  // rounded blocks
  std::uint64_t inside = 0;   // bytes in its own block; 0: as object.__sizeof__ counts
};
OwnSize dict_sizeof(const Object& object, const Decoders& decoders);  // of a dict or a subclass
OwnSize multidict_sizeof(const Object& object, const Decoders& decoders);
std::optional<OwnSize> library_sizeof(const Object& object, const Decoders& decoders);

}  // namespace heapglass
