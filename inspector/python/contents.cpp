#include "inspector/python/contents.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "inspector/graph/literal.h"
#include "inspector/python/bytes.h"
#include "inspector/python/text.h"

namespace heapglass {

namespace {

constexpr std::string_view kCut = "\u2026";

// Of digits in base 2^30, lowest first.
std::string decimal(std::vector<std::uint32_t> digits) {
  constexpr std::uint64_t kBillion = 1'000'000'000;
  std::string text;  // backwards
  while (!digits.empty()) {
    std::uint64_t rest = 0;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
      rest = rest << 30 | *digit;
      *digit = static_cast<std::uint32_t>(rest / kBillion);
      rest %= kBillion;
    }
    while (!digits.empty() && digits.back() == 0) digits.pop_back();
    for (int i = 0; i < 9 && (rest != 0 || !digits.empty()); ++i, rest /= 10) {
      text += static_cast<char>('0' + rest % 10);
    }
  }
  if (text.empty()) text = "0";
  std::reverse(text.begin(), text.end());
  return text;
}

}  // namespace

std::optional<std::string> str_contents(Address address, const Layout& layout, Mirror& mirror) {
  const auto shape = text_shape(address, layout, mirror);
  auto text = read_text(address, layout, mirror, kMostContents);
  if (!shape || !text) return std::nullopt;
  if (shape->length <= kMostContents) return literal(*text);
  text->resize(text->size() - kCut.size());  // that it was cut is said behind the quote
  return literal(*text).append(kCut);
}

Contents::Contents(const HeapGraph& graph, const Layout& layout, Mirror mirror,
                   std::unique_ptr<Memory> source)
    : layout_(layout), source_(std::move(source)), mirror_(std::move(mirror)) {
  kinds_.reserve(graph.types.size());
  for (const TypeRecord& type : graph.types) kinds_.push_back(kind_of(type));
}

Contents::Kind Contents::kind_of(const TypeRecord& type) {
  if (type.module != "builtins") return Kind::other;
  if (type.name == "str") return Kind::text;
  if (type.name == "bytes") return Kind::bytes;
  if (type.name == "int") return Kind::integer;
  if (type.name == "bool") return Kind::boolean;
  if (type.name == "float") return Kind::real;
  if (type.name == "NoneType") return Kind::none;
  return Kind::other;
}

std::optional<std::string> Contents::of(ObjectId object, const HeapGraph& graph) {
  const Address address = graph.address[index(object)];
  switch (kinds_[index(graph.type[index(object)])]) {
    case Kind::other:
      break;
    case Kind::none:
      return "None";
    case Kind::boolean: {
      const auto number = integer(address);
      return number ? std::optional(*number == "0" ? "False" : "True") : std::nullopt;
    }
    case Kind::integer:
      return integer(address);
    case Kind::real:
      return real(address);
    case Kind::bytes:
      return bytes(address);
    case Kind::text:
      return str_contents(address, layout_, mirror_);
  }
  return std::nullopt;
}

// Objects/longobject.c. The low bits of lv_tag (3.12+) say the sign: 0, 1 (the number is 0), 2.
std::optional<std::string> Contents::integer(Address address) {
  constexpr std::uint64_t kMostDigits = 64;  // of larger ones not even the beginning is shown
  const bool tagged = layout_.has(Fact::PyLongObject_long_value_lv_tag);
  const Fact length = tagged ? Fact::PyLongObject_long_value_lv_tag : Fact::PyVarObject_ob_size;
  const std::byte* head =
      mirror_.at(address, static_cast<std::size_t>(layout_[length]) + sizeof(std::int64_t));
  if (head == nullptr) return std::nullopt;
  const std::int64_t size = load_ssize(head, layout_[length]);
  const std::uint64_t count = tagged ? static_cast<std::uint64_t>(size) >> 3 : magnitude(size);
  const bool negative = tagged ? (size & 3) == 2 : size < 0;
  if (count > kMostDigits) return std::nullopt;
  const auto first = static_cast<std::size_t>(layout_[Fact::PyLongObject_long_value_ob_digit]);
  const std::byte* body = mirror_.at(address, first + count * sizeof(std::uint32_t));
  if (body == nullptr) return std::nullopt;
  std::vector<std::uint32_t> digits(count);
  if (count != 0) std::memcpy(digits.data(), body + first, count * sizeof(std::uint32_t));
  std::string text = decimal(std::move(digits));
  if (text.size() > kMostContents) text.replace(kMostContents, std::string::npos, kCut);
  return negative ? "-" + text : text;
}

// As float.__repr__: the shortest digits that give the number back.
std::optional<std::string> Contents::real(Address address) {
  const auto offset = static_cast<std::size_t>(layout_[Fact::sizeof_PyObject]);  // of ob_fval
  const std::byte* body = mirror_.at(address, offset + sizeof(double));
  if (body == nullptr) return std::nullopt;
  const auto value = load<double>(body, static_cast<std::int64_t>(offset));
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const double size = std::fabs(value);
  const bool plain = value == 0 || (size >= 1e-4 && size < 1e16);
  std::array<char, 64> text;  // NOLINT(*-member-init): written before it is read
  const auto end = std::to_chars(text.begin(), text.end(), value,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific)
                       .ptr;
  std::string result(text.begin(), end);
  if (plain && result.find('.') == std::string::npos) result += ".0";
  return result;
}

std::optional<std::string> Contents::bytes(Address address) {
  const auto offset = static_cast<Address>(layout_[Fact::PyBytesObject_ob_sval]);
  const std::byte* head = mirror_.at(address, offset);
  if (head == nullptr) return std::nullopt;
  const std::int64_t length = load_ssize(head, layout_[Fact::PyVarObject_ob_size]);
  if (length < 0) return std::nullopt;
  const auto count = std::min<std::uint64_t>(static_cast<std::uint64_t>(length), kMostContents);
  const std::byte* data = mirror_.at(address + offset, count);
  if (data == nullptr) return std::nullopt;
  std::string text(reinterpret_cast<const char*>(data), count);
  // What is no ASCII would be no UTF-8 either.
  std::string escaped;
  for (const char c : literal(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      escaped += c;
    } else {
      escaped += "\\x";
      escaped += "0123456789abcdef"[byte >> 4];
      escaped += "0123456789abcdef"[byte & 15];
    }
  }
  return "b" + escaped +
         (static_cast<std::uint64_t>(length) > kMostContents ? std::string(kCut) : std::string());
}

}  // namespace heapglass
