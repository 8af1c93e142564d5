// inspector/target/page_choice.h: which pages are copied. Of no process (pid -1), so that every
// page counts as present and what is decided depends on the mappings alone.
#include "inspector/target/page_choice.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace heapglass;

namespace {

constexpr pid_t kNoProcess = -1;
constexpr Address kBegin = 0x7f0000000000;
constexpr std::uint64_t kMB = 1 << 20;

Mapping heap_at(Address begin, std::uint64_t size) {
  Mapping mapping;
  mapping.range = {begin, begin + size};
  mapping.readable = mapping.writable = true;
  return mapping;
}

// A walk that looks at these ranges and nothing else.
std::function<void(Mirror&)> touching(std::vector<AddressRange> ranges) {
  return [ranges](Mirror& mirror) {
    for (const AddressRange& range : ranges) {
      for (Address a = range.begin; a < range.end; a += Mirror::kBlock) {
        Mirror::Segment* segment = mirror.find(a);
        const std::uint64_t block = (a - segment->range.begin) / Mirror::kBlock;
        segment->loaded[block / 64] |= std::uint64_t{1} << (block % 64);
      }
    }
  };
}

}  // namespace

TEST_CASE("objects may stand in private writable memory that is no device's") {
  const Mapping plain = heap_at(kBegin, kMB);
  CHECK(may_hold_objects(plain));
  const auto changed = [&](auto change) {
    Mapping mapping = plain;
    change(mapping);
    return may_hold_objects(mapping);
  };
  CHECK_FALSE(changed([](Mapping& m) { m.writable = false; }));
  CHECK_FALSE(changed([](Mapping& m) { m.readable = false; }));
  CHECK_FALSE(changed([](Mapping& m) { m.shared = true; }));
  CHECK_FALSE(changed([](Mapping& m) { m.path = "/dev/dri/card0"; }));
  CHECK_FALSE(changed([](Mapping& m) { m.path = "[vvar]"; }));
  CHECK(changed([](Mapping& m) { m.path = "[heap]"; }));
  CHECK(changed([](Mapping& m) { m.path = "[stack]"; }));
  CHECK(changed([](Mapping& m) { m.executable = true; }));
}

TEST_CASE("constant data is what a file maps to be read only") {
  Mapping rodata;
  rodata.range = {kBegin, kBegin + kMB};
  rodata.readable = true;
  rodata.inode = 42;
  rodata.path = "/usr/lib/libpython3.12.so.1.0";
  CHECK(constant_data(rodata));
  CHECK_FALSE(may_hold_objects(rodata));
  const auto changed = [&](auto change) {
    Mapping mapping = rodata;
    change(mapping);
    return constant_data(mapping);
  };
  CHECK_FALSE(changed([](Mapping& m) { m.writable = true; }));
  CHECK_FALSE(changed([](Mapping& m) { m.executable = true; }));
  CHECK_FALSE(changed([](Mapping& m) { m.shared = true; }));
  CHECK_FALSE(changed([](Mapping& m) { m.inode = 0; }));
  CHECK_FALSE(changed([](Mapping& m) { m.readable = false; }));
}

TEST_CASE("neighbours are copied as one range, so that what spans them is contiguous") {
  Mapping shared = heap_at(kBegin + 3 * kMB, kMB);
  shared.shared = true;
  const PageChoice choice =
      all_pages(kNoProcess, {heap_at(kBegin, kMB), heap_at(kBegin + kMB, 2 * kMB), shared,
                             heap_at(kBegin + 4 * kMB, kMB)});
  CHECK(choice.copied == std::vector<AddressRange>{{kBegin, kBegin + 3 * kMB},
                                                   {kBegin + 4 * kMB, kBegin + 5 * kMB}});
  CHECK(choice.left_out.empty());
  CHECK(choice.bytes_copied == 4 * kMB);
  CHECK(choice.bytes_left_out == 0);
}

TEST_CASE("where little lies outside the arenas, all is copied without a look") {
  bool looked = false;
  const PageChoice choice =
      choose_pages(kNoProcess, {heap_at(kBegin, 200 * kMB)}, {{kBegin, kBegin + 150 * kMB}},
                   [&](Mirror&) { looked = true; });
  CHECK_FALSE(looked);
  CHECK(choice.bytes_copied == 200 * kMB);
}

TEST_CASE("runs of 1 MiB and more that the walk never entered are left out") {
  const AddressRange all{kBegin, kBegin + 100 * kMB};
  const AddressRange touched{kBegin + 10 * kMB, kBegin + 12 * kMB};
  const PageChoice choice =
      choose_pages(kNoProcess, {heap_at(all.begin, all.size())}, {}, touching({touched}));
  CHECK(choice.copied == std::vector<AddressRange>{touched});
  CHECK(choice.left_out ==
        std::vector<AddressRange>{{all.begin, touched.begin}, {touched.end, all.end}});
  CHECK(choice.bytes_copied == 2 * kMB);
  CHECK(choice.bytes_left_out == 98 * kMB);
}

TEST_CASE("a shorter run between two that were entered is copied along") {
  const std::uint64_t block = Mirror::kBlock;
  for (const std::uint64_t gap : {kMB - block, kMB}) {
    CAPTURE(gap);
    const AddressRange first{kBegin, kBegin + kMB};
    const AddressRange second{first.end + gap, kBegin + 100 * kMB};
    const PageChoice choice =
        choose_pages(kNoProcess, {heap_at(kBegin, 100 * kMB)}, {}, touching({first, second}));
    CHECK(choice.left_out.size() == (gap < kMB ? 0 : 1));
    CHECK(choice.copied.size() == (gap < kMB ? 1 : 2));
  }
}

TEST_CASE("arenas are copied, entered or not, whatever order they are told in") {
  const AddressRange low{kBegin + 5 * kMB, kBegin + 6 * kMB},
      high{kBegin + 50 * kMB, kBegin + 51 * kMB};
  const PageChoice choice =
      choose_pages(kNoProcess, {heap_at(kBegin, 100 * kMB)}, {high, low}, touching({}));
  CHECK(choice.copied == std::vector<AddressRange>{low, high});
}

TEST_CASE("copied and left out are all of the writable memory, sorted, without overlap") {
  const PageChoice choice = choose_pages(
      kNoProcess, {heap_at(kBegin, 60 * kMB), heap_at(kBegin + 70 * kMB, 60 * kMB + 4096)},
      {{kBegin + 75 * kMB, kBegin + 76 * kMB}},
      touching({{kBegin + 3 * kMB, kBegin + 4 * kMB}, {kBegin + 129 * kMB, kBegin + 130 * kMB}}));
  std::vector<AddressRange> parts = choice.copied;
  parts.insert(parts.end(), choice.left_out.begin(), choice.left_out.end());
  std::sort(parts.begin(), parts.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.begin < b.begin; });
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    bytes += parts[i].size();
    if (i != 0) CHECK(parts[i - 1].end <= parts[i].begin);
  }
  CHECK(bytes == 120 * kMB + 4096);
  CHECK(choice.bytes_copied + choice.bytes_left_out == bytes);
}

TEST_CASE("pages in a row of which something holds are one run") {
  constexpr PageState a = PageState::absent, p = PageState::present, s = PageState::swapped;
  const auto there = [](PageState state) { return state != PageState::absent; };
  const AddressRange range{kBegin, kBegin + 6 * kPage};
  CHECK(page_runs(range, {p, s, a, a, p, a}, there) ==
        std::vector<AddressRange>{{kBegin, kBegin + 2 * kPage},
                                  {kBegin + 4 * kPage, kBegin + 5 * kPage}});
  CHECK(page_runs(range, {a, a, a, a, a, a}, there).empty());
  CHECK(page_runs(range, {p, p, p, p, p, p}, there) == std::vector<AddressRange>{range});
}
