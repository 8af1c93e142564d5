#include "inspector/python/stack_ref.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>

namespace heapglass {
namespace {

TEST_CASE("a slot of a frame is a pointer, and with tags says whether it counts") {
  const Layout plain = load_layout("3.13");
  CHECK(stack_ref(0x7f0000001000, plain).to == 0x7f0000001000);
  CHECK(stack_ref(0x7f0000001000, plain).counted);

  const Layout tagged = load_layout("3.14");
  CHECK(stack_ref(0x7f0000001000, tagged).to == 0x7f0000001000);
  CHECK(stack_ref(0x7f0000001000, tagged).counted);
  CHECK(stack_ref(0x7f0000001001, tagged).to == 0x7f0000001000);
  CHECK_FALSE(stack_ref(0x7f0000001001, tagged).counted);
  CHECK(stack_ref(1, tagged).to == 0);   // PyStackRef_NULL
  CHECK(stack_ref(23, tagged).to == 0);  // a small number
}

TEST_CASE("how many slots are in use is told by a count or by a pointer, or is not known") {
  alignas(8) std::array<std::byte, 128> head{};
  constexpr Address kFrame = 0x7f0000001000;
  const Layout counted = load_layout("3.13");
  const auto top = [&](std::int32_t value) {
    std::memcpy(head.data() + counted[Fact::_PyInterpreterFrame_stacktop], &value, sizeof value);
    return slots_in_use(kFrame, head.data(), counted);
  };
  CHECK(top(3) == 3);
  CHECK_FALSE(top(-1));

  const Layout pointing = load_layout("3.14");
  const auto pointer = [&](Address value) {
    std::memcpy(head.data() + pointing[Fact::_PyInterpreterFrame_stackpointer], &value,
                sizeof value);
    return slots_in_use(kFrame, head.data(), pointing);
  };
  const Address first =
      kFrame + static_cast<Address>(pointing[Fact::_PyInterpreterFrame_localsplus]);
  CHECK(pointer(first + 24) == 3);
  CHECK(pointer(first) == 0);
  CHECK_FALSE(pointer(0));
  CHECK(pointer(first - 8) > 1u << 30);  // absurd, for the caller to refuse
}

}  // namespace
}  // namespace heapglass
