#include "cli/render/sparkline.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace heapglass {

std::string sparkline(std::span<const std::uint64_t> values, bool unicode) {
  constexpr std::array<std::string_view, 8> kBars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::array<std::string_view, 8> kPlain{"_", ".", "-", "~", "=", "+", "*", "#"};
  if (values.empty()) return {};
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double range = static_cast<double>(*most - *least);
  std::string result;
  for (const std::uint64_t value : values) {
    const double share = range == 0 ? 0 : static_cast<double>(value - *least) / range;
    const auto bar = std::min<std::size_t>(static_cast<std::size_t>(share * 8), 7);
    result += unicode ? kBars[bar] : kPlain[bar];
  }
  return result;
}

}  // namespace heapglass
