// The glob of `--type`, matched greedily: only the last star is ever tried again.
#include "inspector/analysis/glob.h"

#include <cstddef>
#include <cstdint>

namespace heapglass {
namespace {

// The next code point; bytes that are no UTF-8 stand for themselves, above every code point.
std::uint32_t next(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t first = byte(at++);
  if (first < 0x80) return first;
  const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 0;
  if (more == 0 || first > 0xF4 || more > text.size() - at) return 0x110000 + first;
  std::uint32_t point = first & (0x3FU >> more);
  for (std::size_t i = 0; i < more; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0x110000 + first;
    point = point << 6 | (byte(at + i) & 0x3F);
  }
  at += more;
  return point;
}

// One element of the pattern against one code point. `at` is moved behind the element. A `[` that
// is never closed is itself, as in the shell.
bool element_matches(std::string_view pattern, std::size_t& at, std::uint32_t point) {
  const std::uint32_t element = next(pattern, at);
  if (element == '?') return true;
  if (element == '\\' && at < pattern.size()) return next(pattern, at) == point;
  if (element != '[') return element == point;

  std::size_t inside = at;
  const bool negated =
      inside < pattern.size() && (pattern[inside] == '!' || pattern[inside] == '^');
  if (negated) ++inside;
  bool found = false;
  for (bool first = true; inside < pattern.size(); first = false) {
    const std::uint32_t low = next(pattern, inside);
    if (low == ']' && !first) {
      at = inside;
      return found != negated;
    }
    std::uint32_t high = low;
    if (inside + 1 < pattern.size() && pattern[inside] == '-' && pattern[inside + 1] != ']') {
      ++inside;
      high = next(pattern, inside);
    }
    found = found || (low <= point && point <= high);
  }
  return point == '[';
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view name) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t after_star = kNone;  // in the pattern
  std::size_t resume = 0;          // in the name: what the star has not yet swallowed
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      resume = n;
      continue;
    }
    if (p < pattern.size()) {
      std::size_t behind = n;
      const std::uint32_t point = next(name, behind);
      if (element_matches(pattern, p, point)) {
        n = behind;
        continue;
      }
    }
    if (after_star == kNone) return false;
    next(name, resume);
    p = after_star;
    n = resume;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace heapglass
