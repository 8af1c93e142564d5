#include "inspector/python/text.h"

#include <algorithm>

#include "inspector/python/bytes.h"

namespace heapglass {

namespace {

void append_utf8(std::string& out, std::uint32_t c) {
  if (c >= 0xD800 && c < 0xE000) c = 0xFFFD;
  if (c > 0x10FFFF) c = 0xFFFD;
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

}  // namespace

TextState text_state(const std::byte* body, const Layout& layout) {
  const auto state = load<std::uint32_t>(body, layout[Fact::PyASCIIObject_state]);
  // interned:2 kind:3 compact:1 ascii:1; free-threaded from 3.14 on interned has a byte of its own.
  constexpr unsigned kByte = 8, kTwoBits = 2;
  const bool split = layout.since(Fact::since_text_state_split);
  const std::uint32_t rest = state >> (split ? kByte : kTwoBits);
  return {split ? state & 0xff : state & 3, rest & 7, (rest >> 3 & 1) != 0, (rest >> 4 & 1) != 0};
}

std::optional<TextShape> text_shape(Address address, const Layout& layout, Mirror& mirror) {
  const auto ascii_size = layout[Fact::sizeof_PyASCIIObject];
  const auto compact_size = layout[Fact::sizeof_PyCompactUnicodeObject];
  const std::byte* body = mirror.at(address, static_cast<std::size_t>(ascii_size));
  if (body == nullptr) return std::nullopt;

  TextShape text;
  const std::int64_t length = load_ssize(body, layout[Fact::PyASCIIObject_length]);
  const TextState state = text_state(body, layout);
  text.interned = state.interned;
  text.kind = state.kind;
  text.compact = state.compact;
  text.ascii = state.ascii;
  if (length < 0 || (text.kind != 0 && text.kind != 1 && text.kind != 2 && text.kind != 4)) {
    return std::nullopt;
  }
  text.length = static_cast<std::uint64_t>(length);

  const bool has_wstr = layout.has(Fact::PyASCIIObject_wstr);
  const Address wstr = has_wstr ? load_pointer(body, layout[Fact::PyASCIIObject_wstr]) : 0;
  if (text.compact && text.ascii) {
    text.data = address + static_cast<Address>(ascii_size);
    if (wstr != 0) text.wstr_bytes = (text.length + 1) * 4;
  } else {
    body = mirror.at(address, static_cast<std::size_t>(compact_size));
    if (body == nullptr) return std::nullopt;
    if (text.compact) {
      text.data = address + static_cast<Address>(compact_size);
    } else {
      body = mirror.at(address, static_cast<std::size_t>(layout[Fact::sizeof_PyUnicodeObject]));
      if (body == nullptr) return std::nullopt;
      text.data = load_pointer(body, layout[Fact::PyUnicodeObject_data]);
    }
    const Address utf8 = load_pointer(body, layout[Fact::PyCompactUnicodeObject_utf8]);
    if (utf8 != 0 && utf8 != text.data) {
      const auto bytes =
          load<std::uint64_t>(body, layout[Fact::PyCompactUnicodeObject_utf8_length]);
      if (bytes >= mirror.room(utf8)) return std::nullopt;
      text.utf8_bytes = bytes + 1;
    }
    if (wstr != 0 && wstr != text.data) {
      const auto wide = load<std::uint64_t>(body, layout[Fact::PyCompactUnicodeObject_wstr_length]);
      if (wide >= mirror.room(wstr) / 4) return std::nullopt;
      text.wstr_bytes = (wide + 1) * 4;
    }
  }
  // A length must fit the memory that it is said to lie in.
  if (text.data != 0 && text.kind != 0 && text.length > mirror.room(text.data) / text.kind) {
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> read_text(Address address, const Layout& layout, Mirror& mirror,
                                     std::size_t limit) {
  const auto text = text_shape(address, layout, mirror);
  if (!text || (text->kind == 0 && text->length != 0)) return std::nullopt;
  const std::uint64_t length = std::min<std::uint64_t>(text->length, limit);
  const std::byte* data = mirror.at(text->data, length * text->kind);
  if (data == nullptr) return std::nullopt;
  std::string out;
  out.reserve(length);
  for (std::uint64_t i = 0; i < length; ++i) {
    const auto at = static_cast<std::int64_t>(i * text->kind);
    switch (text->kind) {
      case 1:
        append_utf8(out, load<std::uint8_t>(data, at));
        break;
      case 2:
        append_utf8(out, load<std::uint16_t>(data, at));
        break;
      default:
        append_utf8(out, load<std::uint32_t>(data, at));
        break;
    }
  }
  if (length < text->length) out += "\u2026";
  return out;
}

}  // namespace heapglass
