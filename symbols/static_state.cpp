#include "symbols/static_state.h"

#include <array>
#include <cstring>

namespace heapglass {

namespace {

// `mov interp_head(%rip), %rax`, after what -fcf-protection and frame pointers put before it.
Address loaded_by(Address function, Memory& memory) {
  constexpr std::size_t kBefore = 16;
  constexpr std::array<std::uint8_t, 3> kMove{0x48, 0x8b, 0x05};
  std::array<std::uint8_t, kBefore + kMove.size() + 4> code{};
  if (!memory.read(function, code.data(), code.size())) return 0;
  for (std::size_t i = 0; i <= kBefore; ++i) {
    if (std::memcmp(code.data() + i, kMove.data(), kMove.size()) != 0) continue;
    std::int32_t displacement = 0;
    std::memcpy(&displacement, code.data() + i + kMove.size(), sizeof displacement);
    return function + i + kMove.size() + sizeof displacement +
           static_cast<Address>(std::int64_t{displacement});
  }
  return 0;
}

}  // namespace

Address interpreters_head_at(const Interpreter& interpreter, const Layout& layout, Memory& memory) {
  if (interpreter.runtime.begin != 0) {
    constexpr Fact kHead = Fact::_PyRuntimeState_interpreters_head;
    if (!layout.has(kHead)) return 0;
    return interpreter.runtime.begin + static_cast<Address>(layout[kHead]);
  }
  if (const auto variable = interpreter.symbol("interp_head")) return *variable;
  const auto function = interpreter.symbol("PyInterpreterState_Head");
  return function ? loaded_by(*function, memory) : 0;
}

std::optional<Address> generation0_at(const Interpreter& interpreter) {
  return interpreter.symbol("_PyGC_generation0");
}

}  // namespace heapglass
