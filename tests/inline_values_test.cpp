// Instance attributes of 3.13: values inside the object, and the dict that may be made of them
// (inspector/python/attributes.cpp, dict.cpp, size.cpp).
#include <doctest/doctest.h>

#include "tests/support/fake_view.h"

using namespace heapglass;

using Expected = std::vector<Shown>;

namespace {

// An instance with two attributes, x and z of three, and the __dict__ that was made of them.
struct Materialised {
  explicit Materialised(FakeHeap& heap)
      : one(heap.integer(1)),
        two(heap.integer(2)),
        type(heap.heap_type({.name = "Point", .attributes = {"x", "y", "z"}})),
        object(heap.instance(type, {one, 0, two})),
        dict(heap.split_dict(heap.pointer(type, Fact::PyHeapTypeObject_ht_cached_keys), {})),
        values(object + 16) {
    heap.set(dict, Fact::PyDictObject_ma_values, values);
    heap.put(object - 24, dict);
  }
  Address one, two, type, object, dict, values;
};

FakeHeap heap_of_micro(int micro) {
  FakeHeap heap("3.13");
  heap.layout.micro = micro;
  return heap;
}

}  // namespace

TEST_CASE("3.13.12: values are the instance's, which holds the dict made of them unshown") {
  FakeHeap heap = heap_of_micro(12);
  const Materialised made(heap);
  FakeView view(heap);
  CHECK(view.references(made.object) == Expected{{made.dict, ".__dict__", kOwned},
                                                 {made.one, ".x"},
                                                 {made.two, ".z"},
                                                 {made.type, ".__class__"}});
  CHECK(view.references(made.dict) == Expected{});
  CHECK(view.faults() == 0);
}

TEST_CASE("3.13.13: values are the dict's that was made of them") {
  FakeHeap heap = heap_of_micro(13);
  const Materialised made(heap);
  FakeView view(heap);
  CHECK(view.references(made.object) ==
        Expected{{made.dict, ".__dict__"}, {made.type, ".__class__"}});
  CHECK(view.references(made.dict) == Expected{{made.one, "[0]"}, {made.two, "[2]"}});
  CHECK(view.faults() == 0);
}

TEST_CASE("3.13: values that are no longer valid are nobody's") {
  for (const int micro : {0, 13}) {
    CAPTURE(micro);
    FakeHeap heap = heap_of_micro(micro);
    const Materialised made(heap);
    const Address name = heap.str("own"), value = heap.str("value");
    const Address own = heap.dict({{name, value}});
    heap.set(made.values, Fact::PyDictValues_valid, std::uint8_t{0});
    heap.put(made.object - 24, own);
    FakeView view(heap);
    CHECK(view.references(made.object) == Expected{{own, ".__dict__"}, {made.type, ".__class__"}});
    CHECK(view.references(own) == Expected{{name, "key", kOwned}, {value, "value"}});
  }
}

TEST_CASE("3.13: a dict that took its values with it shows them") {
  for (const int micro : {0, 13}) {
    CAPTURE(micro);
    FakeHeap heap = heap_of_micro(micro);
    const Materialised made(heap);
    const Address copy = heap.allocate(8 + 3 * 8);
    heap.set(copy, Fact::PyDictValues_valid, std::uint8_t{1});
    heap.put(copy + 8, made.one);
    heap.set(made.dict, Fact::PyDictObject_ma_values, copy);
    FakeView view(heap);
    CHECK(view.references(made.dict) == Expected{{made.one, "[0]"}});
  }
}

TEST_CASE("3.13: values inside belong to the instance's footprint, and never to its size") {
  FakeHeap heap = heap_of_micro(0);
  const Materialised made(heap);
  const Address apart =
      heap.split_dict(heap.pointer(made.type, Fact::PyHeapTypeObject_ht_cached_keys), {made.one});
  FakeView view(heap);
  const auto size = [&](Address object) {
    return size_of(*open_object(object, view.decoders), view.decoders);
  };
  CHECK(size(made.object).bytes == 48);
  // Before it 32, itself 16, a head of 8, three pointers and a word for their order.
  CHECK(size(made.object).footprint == 32 + 16 + 8 + 3 * 8 + 8 + 8);  // in steps of 16
  CHECK(size(made.dict).bytes == 64 + 5 * 8);
  CHECK(size(made.dict).footprint == 64);
  CHECK(size(apart).footprint == 64 + 48);
}

TEST_CASE("3.13: what contradicts its memory shows no values") {
  FakeHeap heap = heap_of_micro(0);
  const Materialised made(heap);
  heap.set(made.values, Fact::PyDictValues_capacity, std::uint8_t{255});  // the names are three
  const Address lost =
      heap.split_dict(heap.pointer(made.type, Fact::PyHeapTypeObject_ht_cached_keys), {made.one});
  heap.set(lost, Fact::PyDictObject_ma_values, Address{0x666600000000});
  FakeView view(heap);
  CHECK(view.references(made.object).size() == 4);
  CHECK(view.references(lost) == Expected{});
  CHECK(view.faults(Fault::unreadable) == 1);
}
