// What an object weighs: as sys.getsizeof says, and what it occupies.
#pragma once

#include <cstdint>
#include <optional>

#include "inspector/python/bytes.h"
#include "inspector/python/decoders.h"

namespace heapglass {

struct ObjectSize {
  std::uint64_t bytes = 0;      // sys.getsizeof, the collector's header included
  std::uint64_t footprint = 0;  // rounded block with headers, and the tables that it alone owns
  std::uint64_t block = 0;      // of the footprint: the object's own block
  std::uint64_t pooled = 0;     // of the footprint: tables that are small enough to stand in pools
};

// A length that contradicts its mapping counts as a fault and weighs nothing.
ObjectSize size_of(const Object& object, const Decoders& decoders);

// __sizeof__ of a type that has its own, without headers; and the bytes that its objects own
// outside their body. nullopt: the type uses object.__sizeof__.
struct OwnSize {
  std::uint64_t sizeof_result = 0;
  std::uint64_t outside = 0;  // rounded blocks
  std::uint64_t inside = 0;   // bytes in its own block; 0: as object.__sizeof__ counts
  std::uint64_t pooled = 0;   // of `outside`: blocks that are small enough to stand in pools

  // `count` blocks of `bytes` each.
  void own(std::uint64_t bytes, std::uint64_t count = 1) {
    const std::uint64_t block = block_size(bytes);
    outside += count * block;
    if (bytes <= kMostPooled) pooled += count * block;
  }
};
std::uint64_t object_sizeof(const Object& object, const Decoders& decoders);  // object.__sizeof__
OwnSize dict_sizeof(const Object& object, const Decoders& decoders);  // of a dict or a subclass
// size_code.cpp
OwnSize code_sizeof(const Object& object, const Decoders& decoders);
OwnSize frame_sizeof(const Object& object, const Decoders& decoders);
std::optional<OwnSize> generator_sizeof(const Object& object, const Decoders& decoders);
OwnSize multidict_sizeof(const Object& object, const Decoders& decoders);    // multidict.cpp
OwnSize numpy_array_sizeof(const Object& object, const Decoders& decoders);  // numpy.cpp
OwnSize numpy_scalar_sizeof(const Object& object, const Decoders& decoders);
// size_library.cpp: the standard library's extension types.
std::optional<OwnSize> library_sizeof(const Object& object, const Decoders& decoders);
// ob_size of another object, a tuple or bytes; 0 where it cannot be read or contradicts its
// mapping.
std::uint64_t length_of(Address other, const Decoders& decoders);

}  // namespace heapglass
