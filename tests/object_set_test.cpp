// inspector/graph/object_set.h: a set of addresses as bits, with ranks.
#include "inspector/graph/object_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

using namespace heapglass;

namespace {

constexpr Address kBegin = 0x7f0000000000;

Mirror three_segments() {
  std::vector<Mirror::Segment> segments;
  segments.push_back(Mirror::whole({kBegin, kBegin + 0x10000}));
  segments.push_back(Mirror::left_out({kBegin + 0x10000, kBegin + 0x20000}));
  segments.push_back(Mirror::whole({kBegin + 0x40000, kBegin + 0x40000 + 4096 + 24}));
  return Mirror(std::move(segments));
}

}  // namespace

TEST_CASE("only aligned addresses that are there have a cell") {
  const Mirror mirror = three_segments();
  const Cells cells(mirror);
  CHECK(cells.cell(kBegin) != kNoCell);
  CHECK(cells.cell(kBegin + 0x40000 + 4096 + 16) != kNoCell);
  CHECK(cells.cell(kBegin + 4) == kNoCell);
  CHECK(cells.cell(kBegin + 0x10000) == kNoCell);  // left out
  CHECK(cells.cell(kBegin + 0x30000) == kNoCell);  // nothing
  CHECK(cells.cell(kBegin + 0x40000 + 4096 + 24) == kNoCell);
  CHECK(cells.cell(0) == kNoCell);
  CHECK(cells.cell(~Address{7}) == kNoCell);
}

TEST_CASE("a cell leads back to its address, and cells are in address order") {
  const Mirror mirror = three_segments();
  const Cells cells(mirror);
  Cell before = 0;
  for (const Address a : {kBegin, kBegin + 0xfff8, kBegin + 0x40000, kBegin + 0x40000 + 4096}) {
    const Cell cell = cells.cell(a);
    CHECK(cells.address(cell) == a);
    CHECK((a == kBegin || cell > before));
    CHECK(cell < cells.count());
    before = cell;
  }
}

TEST_CASE("insert says whether it was new; what was erased has no id") {
  const Mirror mirror = three_segments();
  const Cells cells(mirror);
  ObjectSet set(cells);
  const Cell cell = cells.cell(kBegin + 64);
  CHECK(set.insert(cell));
  CHECK_FALSE(set.insert(cell));
  CHECK_FALSE(set.insert_shared(cell));
  CHECK(set.contains(cell));
  set.erase(cell);
  CHECK_FALSE(set.contains(cell));
  CHECK(set.insert_shared(cell));
  set.erase(cell);
  set.number(0);
  CHECK(set.size() == 0);
  CHECK_FALSE(set.id(cell));
  CHECK_FALSE(set.id(kNoCell));
  CHECK(set.next(0, cells.count()) == kNoCell);
}

TEST_CASE("ids are ranks, and next() goes through all members: as counting by hand does") {
  const Mirror mirror = three_segments();
  const Cells cells(mirror);
  for (unsigned seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    ObjectSet set(cells);
    std::set<Address> members;
    // From a few members to nearly all cells.
    const unsigned wanted = 1u << (seed % 14);
    for (unsigned i = 0; i < wanted; ++i) {
      const Address a = seed % 3 == 0 ? kBegin + 0x40000 + random() % (4096 + 24) / 8 * 8
                                      : kBegin + random() % 0x10000 / 8 * 8;
      CHECK(set.insert(cells.cell(a)) == members.insert(a).second);
    }
    set.number(seed);
    REQUIRE(set.size() == members.size());
    CHECK(set.end_id() == seed + members.size());

    std::vector<Address> walked;
    for (Cell at = set.next(0, cells.count()); at != kNoCell;
         at = set.next(at + 1, cells.count())) {
      walked.push_back(cells.address(at));
    }
    CHECK(std::equal(walked.begin(), walked.end(), members.begin(), members.end()));

    std::uint32_t rank = seed;
    bool right = true;
    for (const AddressRange range :
         {AddressRange{kBegin, kBegin + 0x10000},
          AddressRange{kBegin + 0x40000, kBegin + 0x40000 + 4096 + 24}}) {
      for (Address a = range.begin; a < range.end; a += 8) {
        const auto id = set.id(cells.cell(a));
        const bool member = members.contains(a);
        right = right && set.rank(cells.cell(a)) == rank;
        right = right && id.has_value() == member && (!member || *id == ObjectId{rank++});
      }
    }
    CHECK(right);
  }
}

TEST_CASE("next() stops where it was told to") {
  const Mirror mirror = three_segments();
  const Cells cells(mirror);
  ObjectSet set(cells);
  set.insert(100);
  CHECK(set.next(0, 100) == kNoCell);
  CHECK(set.next(0, 101) == 100);
  CHECK(set.next(100, 101) == 100);
  CHECK(set.next(101, cells.count()) == kNoCell);
}
