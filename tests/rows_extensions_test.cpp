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

// A block of 192 bytes of pymalloc's.
Address pool_block(FakeHeap& heap) {
  const auto pool_size = static_cast<Address>(heap.layout[Fact::pymalloc_POOL_SIZE]);
  const Address pool = (heap.allocate(2 * pool_size) + pool_size - 1) / pool_size * pool_size;
  heap.set(pool, Fact::pool_header_szidx, std::uint32_t{192 / 16 - 1});
  return pool + heap.offset(Fact::sizeof_pool_header) + 3 * 192;
}

struct Greenlet {
  Address object;
  Address implementation;
  Address stack_state;
};

// Suspended. `self`: as from greenlet 3.1 on, the C++ object begins with the Python one.
Greenlet greenlet(FakeHeap& heap, bool self) {
  const Address type =
      heap.static_type("greenlet.greenlet", heap.type("object"), 40, 0, kFlagHaveGc);
  const Address worker = heap.heap_type({.name = "Worker", .base = type, .slots = {"job"}});
  const Address object = heap.object(worker);
  const Address implementation = pool_block(heap);
  heap.put(object + 32, implementation);
  heap.put(implementation, Address{0x400000});
  if (self) heap.put(implementation + 8, object);
  const Address stack_state = implementation + 48 + (self ? 8 : 0);
  heap.put(stack_state, Address{0x7ffc00001000});
  heap.put(stack_state + 8, Address{0x7ffc00002000});
  return {object, implementation, stack_state};
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
    const Greenlet made = greenlet(heap, self);
    const Address job = heap.list({}), dict = heap.dict({});
    heap.put(made.object + 40, job);
    heap.put(made.object + 24, dict);
    heap.collector_list({made.object});
    // Whether it is tracked; the kinds of its references to its slot and to its class.
    struct Seen {
      bool tracked;
      ReferenceKind slot, type;
      bool operator==(const Seen&) const = default;
    };
    const auto look = [&] {
      FakeView view(heap);
      const auto opened = open_object(made.object, view.decoders);
      REQUIRE(opened);
      const std::vector<Shown> shown = view.references(made.object);
      REQUIRE(shown.size() == 3);
      CHECK(shown[0].to == job);
      CHECK(shown[1].to == dict);
      CHECK(shown[1].kind == kInferred);
      CHECK(view.faults() == 0);
      return Seen{is_tracked(*opened, view.decoders), shown[0].kind, shown[2].kind};
    };
    const Seen hidden{false, kOwned, kOwned}, plain{true, kCollector, kCollector};
    CHECK(look() == hidden);
    heap.put(made.stack_state + 8, ~Address{0});  // the main one of a thread
    CHECK(look() == plain);
    heap.put(made.stack_state + 8, Address{0x7ffc00002000});
    heap.put(made.stack_state, Address{0});  // not yet started, or finished
    CHECK(look() == plain);
    heap.put(made.object + 32, Address{0x10});  // nothing there that could be read
    CHECK(look() == plain);
  }
}

TEST_CASE("what a greenlet holds is looked for in its block, and no further") {
  FakeHeap heap("3.11");
  const Greenlet made = greenlet(heap, true);
  const Address function = heap.list({}), beyond = heap.dict({});
  heap.put(made.implementation + 184, function);
  heap.put(made.implementation + 192, beyond);
  const auto inferred = [&] {
    FakeView view(heap);
    std::vector<Address> found;
    for (const Shown& shown : view.references(made.object)) {
      if (shown.kind == kInferred) found.push_back(shown.to);
    }
    return found;
  };
  CHECK(inferred() == std::vector<Address>{function});
  heap.put(made.object + 32, made.implementation + 16);  // where no block begins
  CHECK(inferred().empty());
}
