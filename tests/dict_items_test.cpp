// inspector/python/dict_items.h and integer.h: what is looked up by name, and numbers.
#include "inspector/python/dict_items.h"

#include <doctest/doctest.h>

#include "inspector/python/integer.h"
#include "tests/support/fake_view.h"

using namespace heapglass;

TEST_CASE("items of a dict, deleted ones among them, and of one that shares its keys") {
  on_each_build([](FakeHeap& heap) {
    const Address a = heap.str("a"), b = heap.str("b");
    const Address plain = heap.dict({{a, heap.none()}, {b, 0}});
    const Address keys = heap.dict_keys({{a, 0}, {b, 0}}, KeyTable::split);
    const Address shared = heap.split_dict(keys, {b, a});
    FakeView view(heap);
    const auto items = dict_items(plain, view.decoders), split = dict_items(shared, view.decoders);
    REQUIRE(items);
    CHECK(items->count == 2);
    CHECK(items->key(0) == a);
    CHECK(items->value(0) == heap.none());
    CHECK(items->value(1) == 0);
    REQUIRE(split);
    CHECK(split->count == 2);
    CHECK(split->key(1) == b);
    CHECK(split->value(1) == a);
    CHECK(dict_value(plain, "a", view.decoders) == heap.none());
    CHECK(dict_value(plain, "b", view.decoders) == 0);
    CHECK(dict_value(shared, "b", view.decoders) == a);
    CHECK(dict_value(shared, "ab", view.decoders) == 0);
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("what is no dict has no items; one that is damaged counts") {
  on_each_build([](FakeHeap& heap) {
    const Address dict = heap.dict({{heap.str("a"), heap.none()}});
    const Address list = heap.list({});
    heap.set(dict, Fact::PyDictObject_ma_values, Address{0x1000});
    FakeView view(heap);
    CHECK(!dict_items(list, view.decoders));
    CHECK(view.faults() == 0);
    CHECK(!dict_items(dict, view.decoders));
    CHECK(view.faults(Fault::unreadable) == 1);
  });
}

TEST_CASE("an attribute is found in a slot, in the __dict__, or among values without one") {
  on_each_build([](FakeHeap& heap) {
    const Address value = heap.str("value");
    const Address slotted = heap.object(heap.heap_type({.name = "Slotted", .slots = {"_name"}}));
    const Address type = heap.heap_type({.name = "Bare", .attributes = {"_other", "_name"}});
    const Address bare = heap.instance(type, {heap.none(), value});
    const Address with_dict = heap.instance_with_dict(
        heap.heap_type({.name = "D", .managed = true}), heap.dict({{heap.str("_name"), value}}));
    const Address list = heap.list({value});
    heap.put(slotted + heap.offset(Fact::sizeof_PyObject), value);
    FakeView view(heap);
    for (const Address object : {slotted, bare, with_dict}) {
      CHECK(attribute(object, "_name", view.decoders) == value);
      CHECK(attribute(object, "_nam", view.decoders) == 0);
    }
    CHECK(attribute(list, "_name", view.decoders) == 0);
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("numbers up to 2^60") {
  on_each_build([](FakeHeap& heap) {
    constexpr std::int64_t kBeyond = std::int64_t{1} << 60;
    std::vector<Address> integers;
    const std::vector<std::int64_t> values{0, 1, 4711, 0x7f1234567890, kBeyond - 1};
    for (const std::int64_t value : values) integers.push_back(heap.integer(value));
    const Address negative = heap.integer(-1), large = heap.integer(kBeyond);
    FakeView view(heap);
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(read_number(integers[i], heap.layout, view.mirror) == values[i]);
    }
    CHECK(!read_number(negative, heap.layout, view.mirror));
    CHECK(!read_number(large, heap.layout, view.mirror));
    CHECK(!read_number(0x1000, heap.layout, view.mirror));
  });
}
