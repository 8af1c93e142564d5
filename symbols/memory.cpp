#include "symbols/memory.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace heapglass {

std::optional<std::string> Memory::c_string(Address address, std::size_t limit) {
  // In steps that end where a page may end, so that a string before a hole is still read.
  constexpr std::size_t kStep = 256;
  std::string result;
  std::array<char, kStep> chunk;
  while (result.size() < limit) {
    const Address at = address + result.size();
    const std::size_t want =
        std::min<std::size_t>(kStep - static_cast<std::size_t>(at % kStep), limit - result.size());
    if (!read(at, chunk.data(), want)) {
      if (result.empty()) return std::nullopt;
      return result;
    }
    const auto* nul = static_cast<const char*>(std::memchr(chunk.data(), 0, want));
    if (nul != nullptr) {
      return result.append(chunk.data(), static_cast<std::size_t>(nul - chunk.data()));
    }
    result.append(chunk.data(), want);
  }
  return result;
}

}  // namespace heapglass
