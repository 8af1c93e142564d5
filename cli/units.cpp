// Number and unit, strictly: what is half understood would be half meant.
#include "cli/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace heapglass {
namespace {

template <std::size_t N>
std::optional<double> parse_with_unit(
    std::string_view text, const std::array<std::pair<std::string_view, double>, N>& units) {
  // from_chars alone would take "inf", "nan" and "1e9".
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (error != std::errc{} || end != text.data() + digits) return std::nullopt;
  const std::string_view unit = text.substr(digits);
  for (const auto& [name, factor] : units) {
    if (name == unit) return number * factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 5> kNanoseconds{
      {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
  constexpr double kDay = 24 * 3600e9;
  const std::optional<double> value = parse_with_unit(text, kNanoseconds);
  if (!value || *value < 1 || *value > kDay) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(*value));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr double kK = 1024;
  constexpr double kM = kK * kK;
  constexpr double kG = kM * kK;
  constexpr double kT = kG * kK;
  constexpr std::array<std::pair<std::string_view, double>, 14> kBytes{{{"", 1},
                                                                        {"B", 1},
                                                                        {"K", kK},
                                                                        {"KB", kK},
                                                                        {"KiB", kK},
                                                                        {"M", kM},
                                                                        {"MB", kM},
                                                                        {"MiB", kM},
                                                                        {"G", kG},
                                                                        {"GB", kG},
                                                                        {"GiB", kG},
                                                                        {"T", kT},
                                                                        {"TB", kT},
                                                                        {"TiB", kT}}};
  constexpr double kMost = 4611686018427387904.0;  // 2^62
  const std::optional<double> value = parse_with_unit(text, kBytes);
  if (!value || *value < 1 || *value > kMost) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

std::optional<double> parse_percent(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 3> kPercent{
      {{"%", 1}, {" %", 1}, {"", 1}}};
  constexpr double kMost = 1e6;
  const std::optional<double> value = parse_with_unit(text, kPercent);
  return value && *value <= kMost ? value : std::nullopt;
}

std::optional<std::uint64_t> parse_address(std::string_view text) {
  if (!text.starts_with("0x")) return std::nullopt;
  text.remove_prefix(2);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace heapglass
