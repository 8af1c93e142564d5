#include "inspector/python/line_table.h"

#include "inspector/python/bytes.h"

namespace heapglass {

namespace {

constexpr std::int64_t kCodeUnit = 2;  // sizeof(_Py_CODEUNIT)

// Pairs: how far on in the code, and by how much the line differs from there on.
std::int64_t line_in_lnotab(std::span<const std::byte> table, std::int64_t line,
                            std::int64_t position) {
  std::int64_t at = 0;
  for (std::size_t i = 0; i + 1 < table.size(); i += 2) {
    at += std::to_integer<std::uint8_t>(table[i]);
    if (at > position) break;
    line += load<std::int8_t>(table.data(), static_cast<std::int64_t>(i + 1));
  }
  return line;
}

// Pairs: length of a range of code, and how its line differs from the last range's that had one.
std::optional<std::int64_t> line_in_ranges(std::span<const std::byte> table, std::int64_t line,
                                           std::int64_t position) {
  constexpr std::int8_t kNoLine = -128;
  std::int64_t end = 0;
  for (std::size_t i = 0; i + 1 < table.size(); i += 2) {
    end += std::to_integer<std::uint8_t>(table[i]);
    const auto difference = load<std::int8_t>(table.data(), static_cast<std::int64_t>(i + 1));
    if (difference != kNoLine) line += difference;
    if (position < end) return difference == kNoLine ? std::nullopt : std::optional(line);
  }
  return std::nullopt;
}

// Objects/locations.md: entries of several bytes, of which only the first has its high bit set. It
// has a form and a length in code units.
class Locations {
 public:
  explicit Locations(std::span<const std::byte> table) : table_(table) {}

  std::optional<std::int64_t> line_at(std::int64_t line, std::int64_t position) {
    constexpr unsigned kShort = 10, kOneLine = 13, kNone = 15;  // _PyCodeLocationInfoKind
    std::int64_t end = 0;
    while (next_ < table_.size()) {
      const unsigned first = byte();
      const unsigned form = first >> 3 & 15;
      end += kCodeUnit * ((first & 7) + 1);
      if (form >= kShort && form < kOneLine) {
        line += form - kShort;
      } else if (form >= kOneLine && form != kNone) {
        line += signed_number();  // and columns, in the long form
      }
      if (position < end) return form == kNone ? std::nullopt : std::optional(line);
      while (next_ < table_.size() && (std::to_integer<unsigned>(table_[next_]) & 0x80) == 0) {
        ++next_;
      }
    }
    return std::nullopt;
  }

 private:
  unsigned byte() { return next_ < table_.size() ? std::to_integer<unsigned>(table_[next_++]) : 0; }

  // Six bits a byte, the lowest first; 0x40: there are more. The sign is the lowest bit of all.
  std::int64_t signed_number() {
    constexpr int kMostBits = 36;  // an int and its sign
    std::int64_t number = 0;
    for (int shift = 0; shift < kMostBits; shift += 6) {
      const unsigned part = byte();
      number |= static_cast<std::int64_t>(part & 0x3F) << shift;
      if ((part & 0x40) == 0) break;
    }
    return number & 1 ? -(number >> 1) : number >> 1;
  }

  std::span<const std::byte> table_;
  std::size_t next_ = 0;
};

}  // namespace

std::optional<std::int64_t> line_at(LineTable kind, std::span<const std::byte> table,
                                    std::int64_t first_line, std::int64_t position) {
  if (position < 0) return first_line;
  switch (kind) {
    case LineTable::lnotab:
      return line_in_lnotab(table, first_line, position);
    case LineTable::ranges:
      return line_in_ranges(table, first_line, position);
    case LineTable::locations:
      return Locations(table).line_at(first_line, position);
  }
  return std::nullopt;
}

}  // namespace heapglass
