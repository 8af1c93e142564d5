// inspector/python/dict_keys.h: tables of keys, sound and absurd.
#include "inspector/python/dict_keys.h"

#include <doctest/doctest.h>

#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

FakeHeap::Items some_items(FakeHeap& heap, std::size_t count) {
  FakeHeap::Items items;
  for (std::size_t i = 0; i < count; ++i) items.emplace_back(heap.str("k"), heap.none());
  return items;
}

// Whether a table is still taken after `damage`.
template <class Damage>
bool taken_after(FakeHeap& heap, Damage damage) {
  const Address table = heap.dict_keys(some_items(heap, 4), KeyTable::unicode);
  damage(table);
  FakeView view(heap);
  return read_dict_keys(table, heap.layout, view.mirror).has_value();
}

}  // namespace

TEST_CASE(
    "a table of str keys has entries of key and value, one of other keys a hash; both to 3.10") {
  on_each_build([](FakeHeap& heap) {
    const Address unicode = heap.dict_keys(some_items(heap, 3), KeyTable::unicode);
    const Address general = heap.dict_keys(some_items(heap, 3), KeyTable::general);
    FakeView view(heap);

    const auto keys = read_dict_keys(unicode, heap.layout, view.mirror);
    REQUIRE(keys);
    CHECK(keys->entry_count == 3);
    CHECK(keys->capacity == 5);
    CHECK(keys->usable == 2);
    if (heap.plain_keys()) {
      CHECK(keys->entry_size == 24);
      CHECK(keys->bytes == 40 + 8 + 5 * 24);
      CHECK(keys->dk_lookup != FakeHeap::kLookdict);
      const auto others = read_dict_keys(general, heap.layout, view.mirror);
      REQUIRE(others);
      CHECK(others->bytes == keys->bytes);
      CHECK(others->dk_lookup == FakeHeap::kLookdict);
      return;
    }
    CHECK(keys->unicode);
    CHECK(keys->entry_size == 16);
    CHECK(keys->bytes == 32 + 8 + 5 * 16);  // head, one byte an index, entries

    const auto others = read_dict_keys(general, heap.layout, view.mirror);
    REQUIRE(others);
    CHECK_FALSE(others->unicode);
    CHECK(others->entry_size == 24);
    CHECK(others->bytes == 32 + 8 + 5 * 24);
  });
}

TEST_CASE("from 256 slots on an index takes two bytes") {
  on_each_build([](FakeHeap& heap) {
    const Address table = heap.dict_keys(some_items(heap, 150), KeyTable::unicode);
    FakeView view(heap);
    const auto keys = read_dict_keys(table, heap.layout, view.mirror);
    REQUIRE(keys);
    CHECK(keys->capacity == 170);
    CHECK(keys->bytes == (heap.plain_keys() ? 40 + 256 * 2 + 170 * 24 : 32 + 256 * 2 + 170 * 16));
  });
}

TEST_CASE("holes count as entries") {
  on_each_build([](FakeHeap& heap) {
    const Address table =
        heap.dict_keys({{heap.str("a"), 0}, {heap.str("b"), heap.none()}}, KeyTable::unicode);
    FakeView view(heap);
    CHECK(read_dict_keys(table, heap.layout, view.mirror)->entry_count == 2);
  });
}

TEST_CASE("a table whose size no table has is refused") {
  on_each_build([](FakeHeap& heap) {
    CHECK(taken_after(heap, [](Address) {}));
    if (heap.plain_keys()) {
      for (const std::int64_t size : {std::int64_t{0}, std::int64_t{-8}, std::int64_t{12},
                                      std::int64_t{1} << 41, INT64_MIN, INT64_MAX}) {
        CAPTURE(size);
        CHECK_FALSE(taken_after(
            heap, [&](Address table) { heap.set(table, Fact::PyDictKeysObject_dk_size, size); }));
      }
      return;
    }
    for (const unsigned log2 : {4u, 41u, 63u, 64u, 255u}) {
      CAPTURE(log2);
      CHECK_FALSE(taken_after(heap, [&](Address table) {
        heap.set(table, Fact::PyDictKeysObject_dk_log2_size, static_cast<std::uint8_t>(log2));
      }));
    }
    for (const unsigned log2_index : {0u, 7u, 40u, 255u}) {
      CAPTURE(log2_index);
      CHECK_FALSE(taken_after(heap, [&](Address table) {
        heap.set(table, Fact::PyDictKeysObject_dk_log2_index_bytes,
                 static_cast<std::uint8_t>(log2_index));
      }));
    }
  });
}

TEST_CASE("a table that would be larger than its memory is refused, be it said consistently") {
  on_each_build([](FakeHeap& heap) {
    CHECK_FALSE(taken_after(heap, [&](Address table) {
      if (heap.plain_keys()) {
        return heap.set(table, Fact::PyDictKeysObject_dk_size, std::int64_t{1} << 40);
      }
      heap.set(table, Fact::PyDictKeysObject_dk_log2_size, std::uint8_t{40});
      heap.set(table, Fact::PyDictKeysObject_dk_log2_index_bytes, std::uint8_t{43});
    }));
  });
}

TEST_CASE("more entries than the table can have, or fewer than none, are refused") {
  on_each_build([](FakeHeap& heap) {
    for (const std::int64_t count : {std::int64_t{6}, std::int64_t{-1}, std::int64_t{1} << 60}) {
      CAPTURE(count);
      for (const Fact field :
           {Fact::PyDictKeysObject_dk_nentries, Fact::PyDictKeysObject_dk_usable}) {
        CHECK_FALSE(taken_after(heap, [&](Address table) { heap.set(table, field, count); }));
      }
    }
  });
}

TEST_CASE("a table that is not there, or only in part, is refused") {
  on_each_build([](FakeHeap& heap) {
    const Address table = heap.allocate(16);  // the last bytes of the heap
    FakeView view(heap);
    CHECK_FALSE(read_dict_keys(table, heap.layout, view.mirror));
    CHECK_FALSE(read_dict_keys(0, heap.layout, view.mirror));
    CHECK_FALSE(read_dict_keys(0x1234567, heap.layout, view.mirror));
  });
}

TEST_CASE("up to 3.10 a table says its size itself, and its entries have a hash") {
  const Layout layout = load_layout("3.8");
  const auto at = [&](Fact fact) { return static_cast<Address>(layout[fact]); };
  constexpr Address kTable = 0x7f0000000000;
  const auto read = [&](std::int64_t size) {
    FakeMemory memory;
    memory.add({kTable, kTable + 4096});
    memory.put(kTable + at(Fact::PyDictKeysObject_dk_size), size);
    memory.put(kTable + at(Fact::PyDictKeysObject_dk_nentries), std::int64_t{3});
    Mirror mirror(memory.segments());
    return read_dict_keys(kTable, layout, mirror);
  };
  REQUIRE(read(16));
  CHECK(read(16)->capacity == 10);
  CHECK(read(16)->bytes == at(Fact::PyDictKeysObject_dk_indices) + 16 + 10 * 24);
  CHECK_FALSE(read(16)->unicode);
  CHECK_FALSE(read(15));
  CHECK_FALSE(read(0));
  CHECK_FALSE(read(-16));
  CHECK_FALSE(read(std::int64_t{1} << 62));
  CHECK_FALSE(read(std::int64_t{1} << 30));  // larger than its memory
  CHECK_FALSE(read(4));                      // three entries do not fit
}
