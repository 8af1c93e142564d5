#include "inspector/graph/literal.h"

#include <algorithm>
#include <cstdint>

namespace heapglass {

namespace {

struct Block {
  std::uint32_t first, last;
};
// Latin, Greek and Cyrillic, Hebrew and Arabic, kana, ideographs, Hangul.
constexpr Block kLetters[] = {
    {0x00C0, 0x00D6}, {0x00D8, 0x00F6}, {0x00F8, 0x02AF}, {0x0388, 0x0481}, {0x048A, 0x0556},
    {0x05D0, 0x05EA}, {0x0620, 0x064A}, {0x1E00, 0x1FBC}, {0x3041, 0x3096}, {0x30A1, 0x30FA},
    {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3}};

// Of two or three bytes, which is where those blocks are; 0 for anything else.
std::uint32_t code_point(std::string_view utf8, std::size_t at, std::size_t& length) {
  const auto byte = [&](std::size_t i) {
    return i < utf8.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(utf8[i])) : 0;
  };
  const std::uint32_t first = byte(at);
  length = first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xEF || at + length > utf8.size()) return 0;
  if (length == 2) return (first & 0x1F) << 6 | (byte(at + 1) & 0x3F);
  return (first & 0x0F) << 12 | (byte(at + 1) & 0x3F) << 6 | (byte(at + 2) & 0x3F);
}

}  // namespace

std::string literal(std::string_view utf8) {
  const bool single = utf8.find('\'') != std::string_view::npos;
  const char quote = single && utf8.find('"') == std::string_view::npos ? '"' : '\'';
  std::string text(1, quote);
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '\r') {
      text += "\\r";
    } else if (c == '\t') {
      text += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      text += "\\x";
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    } else {
      text += c;
    }
  }
  text += quote;
  return text;
}

bool is_identifier(std::string_view utf8) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (utf8.empty()) return false;
  for (std::size_t at = 0; at < utf8.size();) {
    const char c = utf8[at];
    if (letter(c) || (at > 0 && c >= '0' && c <= '9')) {
      ++at;
      continue;
    }
    std::size_t length = 1;
    const std::uint32_t point = code_point(utf8, at, length);
    if (std::none_of(std::begin(kLetters), std::end(kLetters),
                     [&](Block block) { return point >= block.first && point <= block.last; })) {
      return false;
    }
    at += length;
  }
  return true;
}

std::string attribute_label(std::string_view name) {
  return is_identifier(name) ? "." + std::string(name) : subscript_label(name);
}

std::string subscript_label(std::string_view key) { return "[" + literal(key) + "]"; }

}  // namespace heapglass
