// inspector/target/mirror.h: the target's address space in buffers of ours.
#include "inspector/target/mirror.h"

#include <doctest/doctest.h>

#include <array>

#include "tests/support/fake_memory.h"

using namespace heapglass;

namespace {

constexpr Address kBegin = 0x7f0000000000;
constexpr std::size_t kBlock = Mirror::kBlock;

FakeMemory numbered(AddressRange range) {
  FakeMemory memory;
  memory.add(range);
  for (Address a = range.begin; a < range.end; a += 8) memory.put(a, a);
  return memory;
}

template <class... Segments>
Mirror mirror_of(Segments... segments) {
  std::vector<Mirror::Segment> all;
  (all.push_back(std::move(segments)), ...);
  return Mirror(std::move(all));
}

}  // namespace

TEST_CASE("an empty mirror has nothing at any address") {
  Mirror mirror;
  CHECK(mirror.at(0, 1) == nullptr);
  CHECK(mirror.at(kBegin, 8) == nullptr);
  CHECK(mirror.at(~Address{0}, 1) == nullptr);
  CHECK(mirror.room(kBegin) == 0);
}

TEST_CASE("a block of a lazy segment is read when it is looked at, and once") {
  FakeMemory memory = numbered({kBegin, kBegin + 4 * kBlock});
  std::vector<Mirror::Segment> segments;
  segments.push_back(Mirror::lazy({kBegin, kBegin + 4 * kBlock}));
  Mirror mirror(std::move(segments), &memory);
  CHECK(memory.reads.empty());

  CHECK(*mirror.view<Address>(kBegin + 8) == kBegin + 8);
  CHECK(*mirror.view<Address>(kBegin + kBlock - 8) == kBegin + kBlock - 8);
  REQUIRE(memory.reads.size() == 1);
  CHECK(memory.reads[0] == AddressRange{kBegin, kBegin + kBlock});
  CHECK(mirror.bytes_loaded() == kBlock);

  CHECK(mirror.segments()[0].is_loaded(0));
  CHECK_FALSE(mirror.segments()[0].is_loaded(1));
}

TEST_CASE("what spans two blocks is contiguous, and loads both") {
  FakeMemory memory = numbered({kBegin, kBegin + 4 * kBlock});
  std::vector<Mirror::Segment> segments;
  segments.push_back(Mirror::lazy({kBegin, kBegin + 4 * kBlock}));
  Mirror mirror(std::move(segments), &memory);
  const auto* words = mirror.view<std::array<Address, 4>>(kBegin + 2 * kBlock - 16);
  REQUIRE(words != nullptr);
  for (std::size_t i = 0; i < 4; ++i) CHECK((*words)[i] == kBegin + 2 * kBlock - 16 + 8 * i);
  CHECK(memory.reads.size() == 2);
  CHECK_FALSE(mirror.segments()[0].is_loaded(0));
  CHECK_FALSE(mirror.segments()[0].is_loaded(3));
}

TEST_CASE("the last block of a lazy segment is as short as the segment") {
  FakeMemory memory = numbered({kBegin, kBegin + kBlock + 64});
  std::vector<Mirror::Segment> segments;
  segments.push_back(Mirror::lazy({kBegin, kBegin + kBlock + 64}));
  Mirror mirror(std::move(segments), &memory);
  CHECK(*mirror.view<Address>(kBegin + kBlock + 56) == kBegin + kBlock + 56);
  CHECK(memory.reads.back() == AddressRange{kBegin + kBlock, kBegin + kBlock + 64});
}

TEST_CASE("a block that cannot be read is null, and is tried again") {
  FakeMemory memory = numbered({kBegin, kBegin + kBlock});
  std::vector<Mirror::Segment> segments;
  segments.push_back(Mirror::lazy({kBegin, kBegin + 2 * kBlock}));
  Mirror mirror(std::move(segments), &memory);
  CHECK(mirror.at(kBegin + kBlock, 8) == nullptr);
  CHECK(mirror.at(kBegin + kBlock - 8, 16) == nullptr);
  CHECK(mirror.at(kBegin, 8) != nullptr);
  memory.add({kBegin + kBlock, kBegin + 2 * kBlock});
  CHECK(mirror.at(kBegin + kBlock, 8) != nullptr);
}

TEST_CASE("a range that was left out is known, and not there") {
  Mirror mirror = mirror_of(Mirror::whole({kBegin, kBegin + 4096}),
                            Mirror::left_out({kBegin + 4096, kBegin + 8192}));
  CHECK(mirror.at(kBegin + 100, 8) != nullptr);
  CHECK(mirror.at(kBegin + 5000, 8) == nullptr);
  REQUIRE(mirror.find(kBegin + 5000) != nullptr);
  CHECK(mirror.find(kBegin + 5000)->data == nullptr);
  CHECK(mirror.find(kBegin + 9000) == nullptr);  // not the target's
}

TEST_CASE("an object may end where its segment does, and not a byte later") {
  Mirror mirror = mirror_of(Mirror::whole({kBegin, kBegin + 4096}));
  CHECK(mirror.at(kBegin + 4096 - 16, 16) != nullptr);
  CHECK(mirror.at(kBegin + 4096 - 16, 17) == nullptr);
  CHECK(mirror.at(kBegin + 4096, 1) == nullptr);
  CHECK(mirror.at(kBegin, ~std::size_t{0}) == nullptr);
  CHECK(mirror.at(kBegin - 1, 2) == nullptr);
}

TEST_CASE("room says how many bytes can follow, and is 0 outside") {
  Mirror mirror = mirror_of(Mirror::whole({kBegin, kBegin + 4096}),
                            Mirror::whole({kBegin + 8192, kBegin + 12288}));
  CHECK(mirror.room(kBegin) == 4096);
  CHECK(mirror.room(kBegin + 4095) == 1);
  CHECK(mirror.room(kBegin + 4096) == 0);
  CHECK(mirror.room(kBegin + 8192) == 4096);
  CHECK(mirror.room(0) == 0);
  CHECK(mirror.room(~Address{0}) == 0);
}

TEST_CASE("room goes on over neighbours: the tail of a buffer may have been left out") {
  Mirror mirror = mirror_of(Mirror::left_out({kBegin + 4096, kBegin + (64 << 20)}),
                            Mirror::whole({kBegin, kBegin + 4096}),
                            Mirror::whole({kBegin + (64 << 20), kBegin + (64 << 20) + 4096}));
  CHECK(mirror.room(kBegin + 96) == (64 << 20) + 4000);
  CHECK(mirror.room(kBegin + 4096 + 1) == (64 << 20) - 1);
  CHECK(mirror.at(kBegin + 96, 8192) == nullptr);  // known, but not all of it there
}

TEST_CASE("segments come in any order; one that overlaps an earlier address is dropped") {
  Mirror mirror = mirror_of(Mirror::whole({kBegin + 0x5000, kBegin + 0x6000}),
                            Mirror::whole({kBegin, kBegin + 0x2000}),
                            Mirror::whole({kBegin + 0x1000, kBegin + 0x3000}));
  REQUIRE(mirror.segments().size() == 2);
  CHECK(mirror.segments()[0].range == AddressRange{kBegin, kBegin + 0x2000});
  CHECK(mirror.find(kBegin + 0x2000) == nullptr);
  CHECK(mirror.index_of(mirror.find(kBegin + 0x5000)) == 1);
}

TEST_CASE("empty segments and those beyond the user half of the address space are dropped") {
  Mirror mirror = mirror_of(Mirror::left_out({kBegin, kBegin}),
                            Mirror::left_out({0xffffffffff600000, 0xffffffffff601000}),
                            Mirror::left_out({kBegin + 4096, kBegin}));
  CHECK(mirror.segments().empty());
  CHECK(mirror.find(0xffffffffff600000) == nullptr);
}

TEST_CASE("a thousand small segments in one chunk are each found") {
  std::vector<Mirror::Segment> segments;
  for (Address i = 0; i < 1000; ++i) {
    segments.push_back(Mirror::left_out({kBegin + i * 1024, kBegin + i * 1024 + 512}));
  }
  Mirror mirror(std::move(segments));
  for (Address i = 0; i < 1000; ++i) {
    CHECK(mirror.index_of(mirror.find(kBegin + i * 1024 + 511)) == i);
    CHECK(mirror.find(kBegin + i * 1024 + 512) == nullptr);
  }
}

TEST_CASE("a mirror is a memory: each request is answered by itself") {
  FakeMemory memory = numbered({kBegin, kBegin + 4096});
  Mirror mirror(memory.segments());
  Address first = 0, second = 0;
  ReadRequest requests[] = {{kBegin + 16, &first, 8, false}, {kBegin + 4092, &second, 8, true}};
  mirror.read(requests);
  CHECK(requests[0].ok);
  CHECK(first == kBegin + 16);
  CHECK_FALSE(requests[1].ok);
}

TEST_CASE("a copy's buffer begins at the same place of a huge page as the target's range does") {
  constexpr std::uintptr_t kHugePage = 2 << 20;
  const Pages pages(8192, kBegin + 0x5000);
  CHECK((reinterpret_cast<std::uintptr_t>(pages.data()) & (kHugePage - 1)) ==
        ((kBegin + 0x5000) & (kHugePage - 1)));
}
