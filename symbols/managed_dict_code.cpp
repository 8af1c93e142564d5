#include "symbols/managed_dict_code.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace heapglass {

namespace {

std::uint8_t byte_at(std::span<const std::byte> code, std::size_t i) {
  return i < code.size() ? static_cast<std::uint8_t>(code[i]) : std::uint8_t{0};
}

// mov -0x18(%reg), %reg or cmpq $0, -0x18(%reg): the managed dict's pointer.
bool is_dict_pointer(std::span<const std::byte> code, std::size_t i) {
  constexpr std::uint8_t kMinus24 = 0xe8;
  const std::uint8_t opcode = byte_at(code, i + 1);
  return (byte_at(code, i) & 0xf8) == 0x48 && (opcode == 0x8b || opcode == 0x83) &&
         (byte_at(code, i + 2) & 0xc0) == 0x40 && byte_at(code, i + 3) == kMinus24;
}

// test or bt of bit 2 of tp_flags in a register, or test of it in the type.
bool is_inline_values_flag(std::span<const std::byte> code, std::size_t i) {
  constexpr std::uint8_t kFlag = 1 << 2;   // Py_TPFLAGS_INLINE_VALUES
  constexpr std::uint8_t kTpFlags = 0xa8;  // offset of tp_flags
  switch (byte_at(code, i)) {
    case 0xa8:  // test $imm8, %al
      return byte_at(code, i + 1) == kFlag;
    case 0xf6: {  // test $imm8, r/m8
      const std::uint8_t modrm = byte_at(code, i + 1);
      if ((modrm & 0xf8) == 0xc0) return byte_at(code, i + 2) == kFlag;
      return (modrm & 0xf8) == 0x80 && byte_at(code, i + 2) == kTpFlags &&
             byte_at(code, i + 6) == kFlag;
    }
    case 0x0f:  // bt $imm8, r
      return byte_at(code, i + 1) == 0xba && (byte_at(code, i + 2) & 0xf8) == 0xe0 &&
             byte_at(code, i + 3) == 2;
    default:
      return false;
  }
}

}  // namespace

// Before the fix nothing looks for the dict without having tested the flag; since it nothing tests
// the flag without having found no dict. Compilers put what always comes first at the lower
// address.
std::optional<bool> visits_dict_first(std::span<const std::byte> code) {
  std::optional<std::size_t> dict, flag;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (!dict && is_dict_pointer(code, i)) dict = i;
    if (!flag && is_inline_values_flag(code, i)) flag = i;
  }
  if (!dict || !flag) return std::nullopt;
  return *dict < *flag;
}

std::optional<bool> visits_dict_first(const Interpreter& interpreter, Memory& memory) {
  constexpr std::string_view kFunction = "PyObject_VisitManagedDict";
  constexpr std::uint64_t kMostCode = 4096;  // it has a few hundred bytes
  const auto symbol = interpreter.image.symbol(kFunction);
  const auto address = interpreter.symbol(kFunction);
  if (!symbol || !address) return std::nullopt;
  std::vector<std::byte> code(static_cast<std::size_t>(std::min(symbol->size, kMostCode)));
  if (code.empty() || !memory.read(*address, code.data(), code.size())) return std::nullopt;
  return visits_dict_first(code);
}

}  // namespace heapglass
