// inspector/python/rows_extensions.cpp: types that are no part of CPython, multidict.cpp and
// greenlet.cpp with them.
#include <doctest/doctest.h>

#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

using Expected = std::vector<Shown>;

constexpr std::uint64_t kCapacity = 24, kSize = 32, kPairs = 56, kBuffer = 64, kPair = 32;

Address multidict(FakeHeap& heap) {
  return heap.object(
      heap.static_type("multidict._multidict.MultiDict", heap.type("object"), 992, 0, kFlagHaveGc));
}

void fill(FakeHeap& heap, Address dict, Address pairs, std::uint64_t capacity) {
  heap.put(dict + kPairs, pairs);
  heap.put(dict + kCapacity, capacity);
}

void add(FakeHeap& heap, Address dict, Address identity, Address key, Address value) {
  const auto size = heap.memory.get<std::uint64_t>(dict + kSize);
  const Address pair = heap.memory.get<Address>(dict + kPairs) + size * kPair;
  heap.put(pair, identity);
  heap.put(pair + 8, key);
  heap.put(pair + 16, value);
  heap.put(dict + kSize, size + 1);
}

struct Suspended {
  Address greenlet;
  Address stack_state;
};

// `self`: as from greenlet 3.1 on, the C++ object begins with the Python one.
Suspended greenlet(FakeHeap& heap, bool self) {
  const Address type =
      heap.static_type("greenlet.greenlet", heap.type("object"), 40, 0, kFlagHaveGc);
  const Address derived = heap.heap_type({.name = "Worker", .base = type, .basicsize = 40});
  const Address object = heap.object(derived);
  const Address implementation = heap.allocate(192);
  heap.put(object + 32, implementation);
  heap.put(implementation, Address{0x555555000010});
  if (self) heap.put(implementation + 8, object);
  const Address stack_state = implementation + 48 + (self ? 8 : 0);
  heap.put(stack_state, Address{0x7ffc00001000});
  heap.put(stack_state + 8, Address{0x7ffc00002000});
  return {object, stack_state};
}

}  // namespace

TEST_CASE("a multidict shows keys and values, and owns the identities besides") {
  on_each_build([](FakeHeap& heap) {
    const Address dict = multidict(heap);
    const Address identity = heap.str("accept"), key = heap.str("Accept"), value = heap.str("*");
    fill(heap, dict, dict + kBuffer, 29);
    add(heap, dict, identity, key, value);
    add(heap, dict, identity, key, heap.none());
    FakeView view(heap);
    CHECK(view.references(dict) == Expected{{identity, "key", kOwned},
                                            {key, "key"},
                                            {value, "value"},
                                            {identity, "key", kOwned},
                                            {key, "key"},
                                            {heap.none(), "value"}});
    CHECK(view.bytes(dict) == 16 + 992);
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("a multidict of many pairs keeps them outside, and weighs them") {
  on_each_build([](FakeHeap& heap) {
    const Address dict = multidict(heap);
    const Address key = heap.str("key"), value = heap.integer(1);
    fill(heap, dict, heap.allocate(64 * kPair), 64);
    for (int i = 0; i < 40; ++i) add(heap, dict, key, key, value);
    FakeView view(heap);
    CHECK(view.references(dict).size() == std::size_t{3 * 40});
    CHECK(view.bytes(dict) == 16 + 992 + 64 * kPair);
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("a multidict that is not yet filled is empty, and a damaged one is told") {
  on_each_build([](FakeHeap& heap) {
    const Address dict = multidict(heap);
    {
      FakeView view(heap);
      CHECK(view.references(dict) == Expected{});
      CHECK(view.bytes(dict) == 16 + 992);
      CHECK(view.faults() == 0);
    }
    struct Damage {
      Address pairs;
      std::uint64_t capacity, size;
    };
    for (const Damage& damage :
         {Damage{dict + kBuffer, 29, 30}, Damage{dict + kBuffer, 1000, 2},
          Damage{dict + kBuffer, ~std::uint64_t{0}, 2}, Damage{0x1234, 64, 2}, Damage{0, 64, 2},
          Damage{heap.allocate(64), std::uint64_t{1} << 60, 2}}) {
      fill(heap, dict, damage.pairs, damage.capacity);
      heap.put(dict + kSize, damage.size);
      FakeView view(heap);
      CHECK(view.references(dict) == Expected{});
      CHECK(view.faults(Fault::bad_table) == 1);
      CHECK(view.bytes(dict) == 16 + 992);
    }
  });
}

TEST_CASE("a multidict of another release is read conservatively") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.static_type("multidict._multidict.CIMultiDict", heap.type("object"),
                                          968, 0, kFlagHaveGc);
    FakeView view(heap);
    CHECK(view.types.resolve(type)->shape == Shape::fixed);
    CHECK(view.types.resolve(type)->inferred);
  });
}

TEST_CASE("a suspended greenlet is hidden from the collector, another is not") {
  for (const bool self : {false, true}) {
    FakeHeap heap("3.11");
    const auto [object, stack_state] = greenlet(heap, self);
    const Address dict = heap.dict({});
    heap.put(object + 24, dict);
    heap.collector_list({object});
    const auto look = [&](Address object) {
      FakeView view(heap);
      const auto opened = open_object(object, view.decoders);
      REQUIRE(opened);
      const std::vector<Shown> shown = view.references(object);
      REQUIRE(shown.size() == 2);
      CHECK(shown[0] == Shown{dict, shown[0].label, kInferred});
      CHECK(view.faults() == 0);
      return std::pair{is_tracked(*opened, view.decoders), shown[1].kind};
    };
    CHECK(look(object) == std::pair{false, kOwned});
    heap.put(stack_state + 8, ~Address{0});  // a main greenlet
    CHECK(look(object) == std::pair{true, kCollector});
    heap.put(stack_state + 8, Address{0x7ffc00002000});
    heap.put(stack_state, Address{0});  // finished, or not yet started
    CHECK(look(object) == std::pair{true, kCollector});
    heap.put(object + 32, Address{0x10});  // no implementation that could be read
    CHECK(look(object) == std::pair{true, kCollector});
  }
}
