// Numbers for people: three digits that matter, and a unit.
#include "cli/render/numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace heapglass {
namespace {

template <class... Values>
std::string print(const char* format, Values... values) {
  std::array<char, 64> text{};
  // NOLINTNEXTLINE(*-vararg)
  const int n = std::snprintf(text.data(), text.size(), format, values...);
  return {text.data(), n < 0 ? 0 : std::min(static_cast<std::size_t>(n), text.size() - 1)};
}

std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? -static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

}  // namespace

std::string thousands(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  constexpr std::array<const char*, 6> kUnits{"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  // 999.5 would be printed as 1000.
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return print(value < 99.95 ? "%.1f %s" : "%.0f %s", value, kUnits[unit]);
}

std::string human_ms(double milliseconds) {
  if (milliseconds >= 1000) return print("%.1f s", milliseconds / 1000);
  return print(milliseconds < 99.95 ? "%.1f ms" : "%.0f ms", milliseconds);
}

std::string human_age(double seconds) {
  // A clock that went backwards, or a broken /proc/PID/stat, is no age.
  if (!(seconds >= 0) || seconds > 1e10) return "?";
  const auto s = static_cast<long>(seconds);
  if (s < 60) return print("%lds", s);
  if (s < 3600) return print("%ldm", s / 60);
  if (s < 86400) return print("%ldh %02ldm", s / 3600, s / 60 % 60);
  return print("%ldd %ldh", s / 86400, s / 3600 % 24);
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0 || part == 0) return "0 %";
  const double share = 100 * static_cast<double>(part) / static_cast<double>(whole);
  return share < 0.95 ? "<1 %" : print("%.0f %%", share);
}

std::string signed_thousands(std::int64_t value) {
  const std::string digits = thousands(magnitude(value));
  return value == 0 ? digits : (value < 0 ? '-' : '+') + digits;
}

std::string signed_bytes(std::int64_t bytes) {
  const std::string text = human_bytes(magnitude(bytes));
  return bytes == 0 ? text : (bytes < 0 ? '-' : '+') + text;
}

std::string count_of(std::uint64_t n, const char* what) {
  return thousands(n) + ' ' + what + (n == 1 ? "" : "s");
}

std::string iso_utc(std::chrono::system_clock::time_point when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "1970-01-01T00:00:00Z";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace heapglass
