#include "symbols/memory.h"

#include <algorithm>
#include <array>

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
    const auto end = chunk.begin() + static_cast<std::ptrdiff_t>(want);
    const auto nul = std::find(chunk.begin(), end, '\0');
    if (nul != end) return result.append(chunk.begin(), nul);
    result.append(chunk.data(), want);
  }
  return result;
}

}  // namespace heapglass
