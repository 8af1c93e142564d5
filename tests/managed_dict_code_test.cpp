#include "symbols/managed_dict_code.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <vector>

using namespace heapglass;

namespace {

std::optional<bool> told_by(std::initializer_list<int> bytes) {
  std::vector<std::byte> code;
  for (const int byte : bytes) code.push_back(static_cast<std::byte>(byte));
  return visits_dict_first(code);
}

}  // namespace

TEST_CASE("managed dict code: the flag is tested first, then the dict is looked for") {
  // test $0x4, %al; jne; mov -0x18(%rbx), %rdi
  CHECK(told_by({0xa8, 0x04, 0x75, 0x1e, 0x48, 0x8b, 0x7b, 0xe8}) == false);
  // testb $0x4, 0xa8(%rax); je; cmpq $0, -0x18(%r12)
  CHECK(told_by({0xf6, 0x80, 0xa8, 0, 0, 0, 0x04, 0x74, 0x10, 0x49, 0x83, 0x7e, 0xe8, 0}) == false);
}

TEST_CASE("managed dict code: the dict is looked for first") {
  // mov -0x18(%rdi), %rdi; test %rdi, %rdi; jne; test $0x4, %al
  CHECK(told_by({0x48, 0x8b, 0x7f, 0xe8, 0x48, 0x85, 0xff, 0x75, 0x7c, 0xa8, 0x04}) == true);
  // mov -0x18(%rdi), %rdx; ...; test $0x4, %cl
  CHECK(told_by({0x48, 0x8b, 0x57, 0xe8, 0x48, 0x85, 0xd2, 0x75, 0x7c, 0xf6, 0xc1, 0x04}) == true);
  // ...; bt $2, %eax
  CHECK(told_by({0x4c, 0x8b, 0x47, 0xe8, 0x0f, 0xba, 0xe0, 0x02}) == true);
}

TEST_CASE("managed dict code: what has not both tells nothing") {
  CHECK(told_by({}) == std::nullopt);
  CHECK(told_by({0xa8, 0x04}) == std::nullopt);
  CHECK(told_by({0x48, 0x8b, 0x7f, 0xe8}) == std::nullopt);
  // A call whose opcode is the offset's byte, a test of another flag, and an end in the middle.
  CHECK(told_by({0xe8, 0x48, 0x8b, 0x7f, 0xa8, 0x10, 0x48, 0x8b, 0x7f}) == std::nullopt);
  CHECK(told_by({0x48, 0x8b, 0x7f, 0xe8, 0xf6, 0x80, 0xa8}) == std::nullopt);
}
