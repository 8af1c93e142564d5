// inspector/python/numpy.cpp: arrays, dtypes and scalars as numpy 1.24 lays them out.
#include <doctest/doctest.h>

#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

using Expected = std::vector<Shown>;

constexpr std::int32_t kOwnsData = 4;
constexpr std::uint8_t kHoldsObjects = 1;
constexpr std::int32_t kObjectType = 17, kVoidType = 20;

struct Numpy {
  FakeHeap& heap;
  Address array_type, dtype_type;

  explicit Numpy(FakeHeap& h)
      : heap(h),
        array_type(h.static_type("numpy.ndarray", h.type("object"), 96)),
        dtype_type(h.static_type("numpy.dtype", h.type("object"), 96)) {}

  Address dtype(std::int32_t number, std::int32_t elsize, bool objects) {
    const Address made = heap.object(dtype_type);
    heap.put(made + 27, std::uint8_t{objects ? kHoldsObjects : std::uint8_t{0}});
    heap.put(made + 28, number);
    heap.put(made + 32, elsize);
    return made;
  }
  Address array(Address dtype, std::vector<std::uint64_t> shape, Address data, Address base = 0) {
    const Address made = heap.object(array_type);
    const Address lengths = heap.allocate(shape.size() * 16 + 16);
    for (std::size_t i = 0; i < shape.size(); ++i) heap.put(lengths + i * 8, shape[i]);
    heap.put(made + 16, data);
    heap.put(made + 24, static_cast<std::int32_t>(shape.size()));
    heap.put(made + 32, lengths);
    heap.put(made + 48, base);
    heap.put(made + 56, dtype);
    heap.put(made + 64, base == 0 ? kOwnsData : 0);
    return made;
  }
};

}  // namespace

TEST_CASE("an array of objects owns its items, and a view of it does not") {
  on_each_build([](FakeHeap& heap) {
    Numpy numpy(heap);
    const Address one = heap.str("one"), two = heap.str("two");
    const Address dtype = numpy.dtype(kObjectType, 8, true);
    const Address data = heap.allocate(16);
    heap.put(data, one);
    heap.put(data + 8, two);
    const Address array = numpy.array(dtype, {2}, data);
    const Address view_of_it = numpy.array(dtype, {1}, data + 8, array);
    FakeView view(heap);
    CHECK(view.references(array) ==
          Expected{{dtype, ".dtype", kOwned}, {one, "[0]", kOwned}, {two, "[1]", kOwned}});
    CHECK(view.references(view_of_it) ==
          Expected{{array, ".base", kOwned}, {dtype, ".dtype", kOwned}});
    CHECK(view.bytes(array) == 96 + 16 + 16);
    CHECK(view.bytes(view_of_it) == 96 + 16);
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("objects in the fields of a structured array are found where its dtype says") {
  on_each_build([](FakeHeap& heap) {
    Numpy numpy(heap);
    const Address object = numpy.dtype(kObjectType, 8, true), number = numpy.dtype(7, 8, false);
    const Address structure = numpy.dtype(kVoidType, 16, true);
    const Address fields = heap.dict({{heap.str("id"), heap.tuple({number, heap.integer(0)})},
                                      {heap.str("who"), heap.tuple({object, heap.integer(8)})}});
    heap.put(structure + 48, fields);
    const Address data = heap.allocate(32), first = heap.str("first"), second = heap.str("second");
    heap.put(data + 8, first);
    heap.put(data + 24, second);
    const Address array = numpy.array(structure, {2}, data);
    FakeView view(heap);
    CHECK(view.references(array) == Expected{{structure, ".dtype", kOwned},
                                             {first, "<item>", kOwned},
                                             {second, "<item>", kOwned}});
    CHECK(view.references(structure) == Expected{{fields, "<fields>", kOwned}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("an array whose numbers contradict its memory is told, and has no items") {
  on_each_build([](FakeHeap& heap) {
    Numpy numpy(heap);
    const Address dtype = numpy.dtype(kObjectType, 8, true), data = heap.allocate(64);
    for (const auto& shape : {std::vector<std::uint64_t>{std::uint64_t{1} << 60},
                              {std::uint64_t{1} << 40, std::uint64_t{1} << 40}}) {
      const Address array = numpy.array(dtype, shape, data);
      FakeView view(heap);
      CHECK(view.references(array) == Expected{{dtype, ".dtype", kOwned}});
      CHECK(view.faults(Fault::absurd_size) == 1);
    }
    const Address array = numpy.array(dtype, {1}, data);
    heap.put(array + 24, std::int32_t{-1});
    FakeView view(heap);
    CHECK(view.references(array) == Expected{{dtype, ".dtype", kOwned}});
    CHECK(view.faults(Fault::bad_table) == 1);
  });
}

TEST_CASE("a dtype whose fields lead back to itself ends") {
  on_each_build([](FakeHeap& heap) {
    Numpy numpy(heap);
    const Address structure = numpy.dtype(kVoidType, 16, true);
    heap.put(structure + 48,
             heap.dict({{heap.str("self"), heap.tuple({structure, heap.integer(0)})}}));
    const Address array = numpy.array(structure, {4}, heap.allocate(64));
    FakeView view(heap);
    CHECK(view.references(array) == Expected{{structure, ".dtype", kOwned}});
  });
}

TEST_CASE("a scalar weighs its item besides its struct, as numpy says") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.static_type("numpy.int16", heap.type("object"), 24);
    const Address scalar = heap.object(type);
    FakeView view(heap);
    CHECK(view.bytes(scalar) == 24 + 2);
  });
}
