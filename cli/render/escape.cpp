// One decoder of UTF-8, and what each output does with a code point.
#include "cli/render/escape.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace heapglass {
namespace {

// nullopt: the byte at `at` begins no valid sequence (overlong, surrogate, above U+10FFFF, cut
// short), and one byte is taken.
std::optional<std::uint32_t> next(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(at++);
  if (first < 0x80) return first;
  const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 0;
  if (more == 0 || first > 0xF4 || more > text.size() - at) return std::nullopt;
  std::uint32_t point = first & (0x3FU >> more);
  for (std::size_t i = 0; i < more; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return std::nullopt;
    point = point << 6 | (byte(at + i) & 0x3F);
  }
  constexpr std::array<std::uint32_t, 4> kLeast{0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < kLeast[more] || point > 0x10FFFF || surrogate) return std::nullopt;
  at += more;
  return point;
}

struct Span {
  std::uint32_t first;
  std::uint32_t last;
};

bool in(const auto& sorted, std::uint32_t point) {
  return std::any_of(sorted.begin(), sorted.end(),
                     [&](Span s) { return s.first <= point && point <= s.last; });
}

// Controls (C0, DEL, C1), what turns the direction of writing, and what cannot be seen: a name must
// not be able to look like another one, nor to rewrite the line that it stands in.
constexpr std::array<Span, 9> kHarmful{{{0x00, 0x1F},
                                        {0x7F, 0x9F},
                                        {0x061C, 0x061C},
                                        {0x200B, 0x200F},
                                        {0x2028, 0x202E},
                                        {0x2060, 0x206F},
                                        {0xFEFF, 0xFEFF},
                                        {0xFFF9, 0xFFFB},
                                        {0xE0000, 0xE007F}}};

// Unicode's East_Asian_Width W and F, in blocks.
constexpr std::array<Span, 12> kWide{{{0x1100, 0x115F},
                                      {0x2E80, 0x303E},
                                      {0x3041, 0xA4CF},
                                      {0xA960, 0xA97C},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF01, 0xFF60},
                                      {0xFFE0, 0xFFE6},
                                      {0x1F300, 0x1F64F},
                                      {0x1F680, 0x1F9FF},
                                      {0x20000, 0x3FFFD}}};

constexpr std::array<Span, 7> kCombining{{{0x0300, 0x036F},
                                          {0x0483, 0x0489},
                                          {0x0591, 0x05BD},
                                          {0x1AB0, 0x1AFF},
                                          {0x20D0, 0x20FF},
                                          {0xFE00, 0xFE0F},
                                          {0xFE20, 0xFE2F}}};

void append_hex(std::string& to, std::string_view prefix, std::uint32_t value, int digits) {
  to += prefix;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    to += "0123456789abcdef"[value >> shift & 0xF];
  }
}

std::size_t columns_of(std::uint32_t point) {
  if (point < 0x300) return 1;
  if (in(kCombining, point)) return 0;
  return in(kWide, point) ? 2 : 1;
}

// How many bytes at the start of `text` take at most `columns` columns.
std::size_t bytes_in(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t taken = 0; at < text.size();) {
    std::size_t behind = at;
    taken += columns_of(next(text, behind).value_or('?'));
    if (taken > columns) break;
    at = behind;
  }
  return at;
}

}  // namespace

std::string escape_terminal(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const std::optional<std::uint32_t> point = next(text, at);
    if (!point) {
      append_hex(result, "\\x", static_cast<unsigned char>(text[begin]), 2);
    } else if (!in(kHarmful, *point)) {
      result += text.substr(begin, at - begin);
    } else if (*point < 0x80) {
      append_hex(result, "\\x", *point, 2);
    } else if (*point <= 0xFFFF) {
      append_hex(result, "\\u", *point, 4);
    } else {
      append_hex(result, "\\U", *point, 8);
    }
  }
  return result;
}

std::string escape_csv(std::string_view text) {
  constexpr std::string_view kFormula = "=+-@\t\r";
  std::string cell = escape_terminal(text);
  if (!text.empty() && kFormula.find(text.front()) != std::string_view::npos) cell.insert(0, "'");
  if (cell.find_first_of(",\"';") == std::string::npos && cell == text) return cell;
  std::string quoted = "\"";
  for (const char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string json_string(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) width += columns_of(next(text, at).value_or('?'));
  return width;
}

std::string cut_middle(std::string text, std::size_t columns, std::string_view ellipsis) {
  const std::size_t width = display_width(text);
  const std::size_t dots = display_width(ellipsis);
  if (columns == 0 || width <= columns) return text;
  if (columns <= dots) return text.substr(0, bytes_in(text, columns));
  // A third in front, the rest behind: of module.path.ClassName the end says more.
  const std::size_t kept = columns - dots;
  const std::size_t front = bytes_in(text, kept / 3);
  const std::size_t room_behind = kept - display_width(std::string_view(text).substr(0, front));
  std::size_t back = bytes_in(text, width - room_behind);
  // A wide character across the cut is left out.
  while (back < text.size() && display_width(std::string_view(text).substr(back)) > room_behind) {
    next(text, back);
  }
  return text.substr(0, front).append(ellipsis).append(text, back);
}

std::string cut_end(std::string text, std::size_t columns, std::string_view ellipsis) {
  if (columns == 0 || display_width(text) <= columns) return text;
  const std::size_t dots = display_width(ellipsis);
  if (columns <= dots) return text.substr(0, bytes_in(text, columns));
  return text.substr(0, bytes_in(text, columns - dots)).append(ellipsis);
}

}  // namespace heapglass
