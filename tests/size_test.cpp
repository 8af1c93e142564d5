// inspector/python/size.h: what objects weigh; the numbers are what sys.getsizeof says in
// CPython 3.8 to 3.12 of the same objects.
#include "inspector/python/size.h"

#include <doctest/doctest.h>

#include "tests/support/fake_view.h"

using namespace heapglass;

TEST_CASE("tuples, lists and ints weigh their heads, their items and the collector's header") {
  on_each_build([](FakeHeap& heap) {
    const Address empty = heap.tuple({}), pair = heap.tuple({heap.none(), heap.none()});
    const Address list = heap.list({}), grown = heap.list({heap.none(), heap.none()}, 8);
    const Address zero = heap.integer(0), digit = heap.integer(-5);
    const Address two_digits = heap.integer(std::int64_t{1} << 30);
    FakeView view(heap);
    CHECK(view.bytes(heap.none()) == 16);
    CHECK(view.bytes(empty) == 40);
    CHECK(view.bytes(pair) == 56);
    CHECK(view.bytes(list) == 56);
    CHECK(view.bytes(grown) == 56 + 8 * 8);  // what was allocated, used or not
    // Up to 3.10, 0 has no digit.
    CHECK(view.bytes(zero) == (heap.layout.dialects.int_size == IntSize::digits ? 24 : 28));
    CHECK(view.bytes(digit) == 28);
    CHECK(view.bytes(two_digits) == 32);
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("dicts weigh their table, unless they share it") {
  on_each_build([](FakeHeap& heap) {
    const Address unicode = heap.dict({{heap.str("a"), heap.none()}});
    const Address general = heap.dict({{heap.integer(1), heap.none()}}, KeyTable::general);
    const Address keys = heap.dict_keys({{heap.str("x"), 0}, {heap.str("y"), 0}}, KeyTable::split);
    const Address split = heap.split_dict(keys, {heap.none(), heap.none()});
    FakeView view(heap);
    CHECK(view.bytes(unicode) == (heap.plain_keys() ? 232 : 184));
    CHECK(view.bytes(general) == (heap.plain_keys() ? 232 : 224));
    CHECK(view.bytes(split) == 64 + 5 * 8);  // values for as many as the keys have room for
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("sets weigh their table only where it is not inside") {
  on_each_build([](FakeHeap& heap) {
    const Address small = heap.set_of({}),
                  large = heap.set_of(std::vector<Address>(10, heap.none()));
    FakeView view(heap);
    CHECK(view.bytes(small) == 216);
    CHECK(view.bytes(large) == 728);
  });
}

TEST_CASE("a str weighs its head, by kind, and a character more than it has") {
  on_each_build([](FakeHeap& heap) {
    const Address ascii = heap.str("abc"), latin = heap.str(U"\u00e9");
    const Address two = heap.str(U"\u20ac"), four = heap.str(U"\U0001f600");
    const Address loose = heap.loose_str(U"abc");
    FakeView view(heap);
    // 3.11's heads still had wstr.
    const bool wide = heap.layout.has(Fact::PyASCIIObject_wstr);
    CHECK(view.bytes(ascii) == (wide ? 52 : 44));
    CHECK(view.bytes(latin) == (wide ? 74 : 58));
    CHECK(view.bytes(two) == (wide ? 76 : 60));
    CHECK(view.bytes(four) == (wide ? 80 : 64));
    CHECK(view.bytes(loose) == (wide ? 80 : 64) + 4);
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("a UTF-8 copy weighs too") {
  on_each_build([](FakeHeap& heap) {
    const Address plain = heap.str(U"\u20ac"), copied = heap.str(U"\u20ac");
    heap.set(copied, Fact::PyCompactUnicodeObject_utf8, heap.c_string("\u20ac"));
    heap.set(copied, Fact::PyCompactUnicodeObject_utf8_length, std::int64_t{3});
    FakeView view(heap);
    CHECK(view.bytes(copied) == view.bytes(plain) + 4);
  });
}

TEST_CASE("instances weigh what stands before them; values in their own block are footprint only") {
  on_each_build([](FakeHeap& heap) {
    const Address slotted = heap.object(heap.heap_type({.name = "S", .slots = {"a", "b"}}));
    const Address open = heap.instance_with_dict(heap.heap_type({.name = "A", .managed = true}), 0);
    FakeView view(heap);
    CHECK(view.bytes(slotted) == 48);
    // With a slot for weak references 3.11 says 56; up to 3.10 a dict has a slot, too.
    const bool managed = heap.layout.dialects.managed_dict != ManagedDict::none;
    CHECK(view.bytes(open) == (managed ? 48 : 40));
  });
}

TEST_CASE("deques weigh their blocks, OrderedDicts their nodes") {
  on_each_build([](FakeHeap& heap) {
    const Address one = heap.deque({heap.none()}, 31);
    const Address three = heap.deque(std::vector<Address>(150, heap.none()), 60);
    const Address ordered = heap.ordered_dict({{heap.str("a"), heap.none()}});
    FakeView view(heap);
    // From 3.11 on a deque has its free blocks inside.
    CHECK(view.bytes(one) == (heap.plain_keys() ? 624 : 760));
    CHECK(view.bytes(three) == 16 + (heap.plain_keys() ? 80 : 216) + 4 * 528);
    // Without the index of fast nodes, which is 8 words: 392 or 344 in CPython.
    CHECK(view.bytes(ordered) == (heap.plain_keys() ? 392 : 344) - 8 * 8);
  });
}

TEST_CASE("a heap type weighs its struct, its slots' members and its instances' keys") {
  on_each_build([](FakeHeap& heap) {
    const Address plain = heap.heap_type({.name = "P"});
    const Address point = heap.heap_type({.name = "Q", .attributes = {"x"}});
    FakeView view(heap);
    const std::uint64_t bare = heap.offset(Fact::sizeof_PyHeapTypeObject) + 16;
    CHECK(view.bytes(plain) == bare);
    CHECK(view.bytes(point) == bare + (heap.plain_keys() ? 40 + 8 + 5 * 24 : 32 + 8 + 5 * 16));
    // Static types have no header; 3.11 and 3.12 count one all the same.
    CHECK(view.bytes(heap.type("list")) ==
          heap.offset(Fact::sizeof_PyTypeObject) +
              (heap.layout.dialects.header_size == HeaderSize::by_type ? 16 : 0));
  });
}

TEST_CASE("a footprint is the rounded blocks of the object and of what it alone owns") {
  on_each_build([](FakeHeap& heap) {
    const Address list = heap.list({heap.none()}, 3);  // 16 + 40 bytes, and 24
    const Address large = heap.tuple(std::vector<Address>(100, heap.none()));  // 16 + 24 + 800
    FakeView view(heap);
    const auto footprint = [&](Address object) {
      return size_of(*open_object(object, view.decoders), view.decoders).footprint;
    };
    CHECK(footprint(list) == 64 + 32);
    CHECK(footprint(large) == 848);  // glibc's chunk: 8 bytes of header, 16-byte steps
    CHECK(footprint(heap.none()) == 16);
  });
}

TEST_CASE("a length that contradicts its memory counts as absurd_size and weighs nothing") {
  on_each_build([](FakeHeap& heap) {
    for (const std::int64_t absurd :
         {std::int64_t{1} << 30, std::int64_t{1} << 60, INT64_MIN, INT64_MAX}) {
      CAPTURE(absurd);
      const Address tuple = heap.tuple({heap.none()});
      heap.set(tuple, Fact::PyVarObject_ob_size, absurd);
      const Address list = heap.list({heap.none()});
      heap.set(list, Fact::PyListObject_allocated, absurd);
      const Address text = heap.str("abc");
      heap.set(text, Fact::PyASCIIObject_length, absurd);
      const Address copied = heap.str(U"\u20ac");
      heap.set(copied, Fact::PyCompactUnicodeObject_utf8, heap.c_string("x"));
      heap.set(copied, Fact::PyCompactUnicodeObject_utf8_length, absurd);
      const Address deque = heap.deque({heap.none()}, 0);
      heap.set(deque, Fact::PyVarObject_ob_size, absurd);
      const Address ordered = heap.ordered_dict({{heap.str("a"), heap.none()}});
      heap.set(ordered, Fact::PyDictObject_ma_used, absurd);
      FakeView view(heap);
      for (const Address object : {tuple, list, text, copied, deque, ordered}) {
        const std::uint64_t before = view.faults(Fault::absurd_size);
        CHECK(view.bytes(object) < 1000);
        CHECK(view.faults(Fault::absurd_size) == before + 1);
      }
    }
  });
}
