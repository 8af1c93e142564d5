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

TEST_CASE("only aligned addresses that are there have a place") {
  const Mirror mirror = three_segments();
  const ObjectSet set(mirror);
  CHECK(set.place(kBegin));
  CHECK(set.place(kBegin + 0x40000 + 4096 + 16));
  CHECK_FALSE(set.place(kBegin + 4));
  CHECK_FALSE(set.place(kBegin + 0x10000));  // left out
  CHECK_FALSE(set.place(kBegin + 0x30000));  // nothing
  CHECK_FALSE(set.place(kBegin + 0x40000 + 4096 + 24));
  CHECK_FALSE(set.place(0));
  CHECK_FALSE(set.place(~Address{7}));
}

TEST_CASE("a place leads back to its address") {
  const Mirror mirror = three_segments();
  const ObjectSet set(mirror);
  for (const Address a : {kBegin, kBegin + 0xfff8, kBegin + 0x40000, kBegin + 0x40000 + 4096}) {
    CHECK(set.address(*set.place(a)) == a);
  }
}

TEST_CASE("insert says whether it was new; what was erased has no id") {
  const Mirror mirror = three_segments();
  ObjectSet set(mirror);
  const auto place = *set.place(kBegin + 64);
  CHECK(set.insert(place));
  CHECK_FALSE(set.insert(place));
  CHECK(set.contains(place));
  set.erase(place);
  CHECK_FALSE(set.contains(place));
  set.number();
  CHECK(set.size() == 0);
  CHECK_FALSE(set.id(kBegin + 64));
  CHECK_FALSE(set.next({}));
}

TEST_CASE("ids are ranks, and next() goes through all members: as counting by hand does") {
  const Mirror mirror = three_segments();
  for (unsigned seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    ObjectSet set(mirror);
    std::set<Address> members;
    // From a few members to nearly all places.
    const unsigned wanted = 1u << (seed % 14);
    for (unsigned i = 0; i < wanted; ++i) {
      const Address a = seed % 3 == 0 ? kBegin + 0x40000 + random() % (4096 + 24) / 8 * 8
                                      : kBegin + random() % 0x10000 / 8 * 8;
      CHECK(set.insert(*set.place(a)) == members.insert(a).second);
    }
    set.number();
    REQUIRE(set.size() == members.size());

    std::vector<Address> walked;
    for (auto at = set.next({}); at; at = set.next({at->segment, at->bit + 1})) {
      walked.push_back(set.address(*at));
    }
    CHECK(std::equal(walked.begin(), walked.end(), members.begin(), members.end()));

    std::uint32_t rank = 0;
    bool right = true;
    for (const AddressRange range :
         {AddressRange{kBegin, kBegin + 0x10000},
          AddressRange{kBegin + 0x40000, kBegin + 0x40000 + 4096 + 24}}) {
      for (Address a = range.begin; a < range.end; a += 8) {
        const auto id = set.id(a);
        const bool member = members.contains(a);
        right = right && id.has_value() == member && (!member || *id == ObjectId{rank++});
      }
    }
    CHECK(right);
  }
}
