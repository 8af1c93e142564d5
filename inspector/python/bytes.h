// Fields out of mirrored bytes: unaligned-safe, one instruction each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "symbols/address.h"

namespace heapglass {

template <class T>
T load(const std::byte* bytes, std::int64_t offset = 0) {
  T value;
  std::memcpy(&value, bytes + offset, sizeof value);
  return value;
}
inline Address load_pointer(const std::byte* bytes, std::int64_t offset = 0) {
  return load<Address>(bytes, offset);
}
inline std::int64_t load_ssize(const std::byte* bytes, std::int64_t offset = 0) {
  return load<std::int64_t>(bytes, offset);
}
// |n|, of the least number too: ob_size may be anything.
inline std::uint64_t magnitude(std::int64_t n) {
  return n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
}

// What an allocation of `n` bytes occupies: a pymalloc block up to 512 bytes (ALIGNMENT 16), else a
// glibc chunk (8 bytes of header, 16-byte steps, 32 at least).
inline constexpr std::uint64_t kMostPooled = 512;  // SMALL_REQUEST_THRESHOLD
inline std::uint64_t block_size(std::uint64_t n) {
  if (n == 0) return 0;
  if (n <= kMostPooled) return (n + 15) & ~std::uint64_t{15};
  return (n + 8 + 15) & ~std::uint64_t{15};
}

}  // namespace heapglass
