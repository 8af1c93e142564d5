// inspector/python/visit.h: objects that contradict themselves are counted and show nothing, or no
// more than is sound; nothing hangs.
#include <doctest/doctest.h>

#include "inspector/python/visit.h"
#include "tests/support/fake_view.h"

using namespace heapglass;

using Expected = std::vector<Shown>;

TEST_CASE("a list with more items than memory counts as absurd_size and shows nothing") {
  on_each_build([](FakeHeap& heap) {
    for (const std::int64_t size :
         {std::int64_t{1} << 60, std::int64_t{-1}, INT64_MIN, INT64_MAX}) {
      CAPTURE(size);
      const Address list = heap.list({heap.none(), heap.none()});
      heap.set(list, Fact::PyVarObject_ob_size, size);
      heap.set(list, Fact::PyListObject_allocated, size);
      const Address tuple = heap.tuple({heap.none()});
      heap.set(tuple, Fact::PyVarObject_ob_size, size);
      FakeView view(heap);
      CHECK(view.references(list) == Expected{});
      CHECK(view.faults(Fault::absurd_size) == 1);
      CHECK(view.references(tuple) == Expected{});
      CHECK(view.faults(Fault::absurd_size) == 2);
      CHECK(view.faults() == 2);
    }
  });
}

TEST_CASE("a list that uses more than it allocated counts, as while it is sorted") {
  on_each_build([](FakeHeap& heap) {
    const Address list = heap.list({heap.none()});
    heap.set(list, Fact::PyListObject_allocated, std::int64_t{-1});
    FakeView view(heap);
    CHECK(view.references(list) == Expected{});
    CHECK(view.faults(Fault::absurd_size) == 1);
  });
}

TEST_CASE("a list whose tail was left out says so, for another try") {
  on_each_build([](FakeHeap& heap) {
    const Address list = heap.list(std::vector<Address>(2000, heap.none()));
    std::vector<Mirror::Segment> segments = heap.memory.segments();
    const AddressRange all = segments[1].range;
    const AddressRange head{
        all.begin, (heap.pointer(list, Fact::PyListObject_ob_item) + 4096) & ~Address{4095}};
    Mirror::Segment copied = Mirror::whole(head);
    std::memcpy(copied.data, segments[1].data, head.size());
    segments[1] = std::move(copied);
    segments.push_back(Mirror::left_out({head.end, all.end}));
    FakeView view(heap, std::move(segments));
    CHECK(view.references(list) == Expected{});
    CHECK(view.faults(Fault::left_out) == 1);
    CHECK(view.faults() == 1);
  });
}

TEST_CASE("a list whose items are nowhere is unreadable or absurd, and shows nothing") {
  on_each_build([](FakeHeap& heap) {
    for (const Address nowhere :
         {Address{0}, Address{0x10}, Address{0x666600000000}, ~Address{0}}) {
      const Address list = heap.list({heap.none()});
      heap.set(list, Fact::PyListObject_ob_item, nowhere);
      FakeView view(heap);
      CHECK(view.references(list) == Expected{});
      CHECK(view.faults() == 1);
    }
  });
}

TEST_CASE("a dict whose table contradicts itself counts as bad_table and shows nothing") {
  on_each_build([](FakeHeap& heap) {
    const Address dict = heap.dict({{heap.str("a"), heap.none()}});
    heap.set(heap.pointer(dict, Fact::PyDictObject_ma_keys), Fact::PyDictKeysObject_dk_nentries,
             std::int64_t{1} << 60);
    const Address lost = heap.dict({{heap.str("a"), heap.none()}});
    heap.set(lost, Fact::PyDictObject_ma_keys, Address{0x1000});
    FakeView view(heap);
    CHECK(view.references(dict) == Expected{});
    CHECK(view.references(lost) == Expected{});
    CHECK(view.faults(Fault::bad_table) == 2);
  });
}

TEST_CASE("a set's table must be a power of two, and fit") {
  on_each_build([](FakeHeap& heap) {
    for (const std::uint64_t mask :
         {std::uint64_t{6}, ~std::uint64_t{0}, (std::uint64_t{1} << 60) - 1}) {
      CAPTURE(mask);
      const Address set = heap.set_of({heap.none()});
      heap.set(set, Fact::PySetObject_mask, mask);
      FakeView view(heap);
      CHECK(view.references(set) == Expected{});
      CHECK(view.faults(Fault::absurd_size) == 1);
    }
  });
}

TEST_CASE("a deque's ring of blocks that does not close counts as broken_chain") {
  on_each_build([](FakeHeap& heap) {
    const Address deque = heap.deque(std::vector<Address>(200, heap.none()), 0);
    const Address first = heap.pointer(deque, Fact::dequeobject_leftblock);
    const Address second = heap.pointer(first, Fact::block_rightlink);
    heap.set(second, Fact::block_rightlink, first);
    FakeView view(heap);
    CHECK(view.references(deque).size() == 128);
    CHECK(view.faults(Fault::broken_chain) == 1);
    CHECK(view.faults() == 1);
  });
}

TEST_CASE("a deque of 2^60 items over a loop of blocks ends") {
  on_each_build([](FakeHeap& heap) {
    const Address deque = heap.deque(std::vector<Address>(200, heap.none()), 0);
    heap.set(deque, Fact::PyVarObject_ob_size, std::int64_t{1} << 60);
    const Address second =
        heap.pointer(heap.pointer(deque, Fact::dequeobject_leftblock), Fact::block_rightlink);
    const Address third = heap.pointer(second, Fact::block_rightlink);
    heap.set(third, Fact::block_rightlink, second);
    FakeView view(heap);
    CHECK(view.references(deque).size() == 192);
    CHECK(view.faults(Fault::broken_chain) == 1);
  });
}

TEST_CASE("a deque that runs out of blocks, or starts nowhere, shows what there is") {
  on_each_build([](FakeHeap& heap) {
    const Address deque = heap.deque(std::vector<Address>(100, heap.none()), 0);
    heap.set(heap.pointer(deque, Fact::dequeobject_leftblock), Fact::block_rightlink, Address{0});
    const Address beyond = heap.deque({heap.none()}, 0);
    heap.set(beyond, Fact::dequeobject_leftindex, std::int64_t{65});
    FakeView view(heap);
    CHECK(view.references(deque).size() == 64);
    CHECK(view.faults(Fault::unreadable) == 1);
    CHECK(view.references(beyond) == Expected{});
    CHECK(view.faults(Fault::bad_table) == 1);
  });
}

TEST_CASE("an OrderedDict's nodes that run in a circle count as broken_chain, and end") {
  on_each_build([](FakeHeap& heap) {
    const auto damaged = [&](auto damage) {
      const Address a = heap.str("a"), one = heap.integer(1);
      const Address ordered = heap.ordered_dict({{a, one}, {a, one}, {a, one}});
      damage(ordered, heap.pointer(ordered, Fact::PyODictObject_od_first),
             heap.pointer(ordered, Fact::PyODictObject_od_last));
      FakeView view(heap);
      view.references(ordered);
      CHECK(view.faults() == 1);
      return view.faults(Fault::broken_chain) == 1;
    };
    CHECK(damaged([&](Address, Address first, Address last) {
      heap.set(last, Fact::_odictnode_next, first);
    }));
    // Believing the number of entries, this one would take years.
    CHECK(damaged([&](Address ordered, Address first, Address last) {
      heap.set(last, Fact::_odictnode_next, first);
      heap.set(ordered, Fact::PyDictObject_ma_used, std::int64_t{1} << 60);
    }));
    CHECK(damaged([&](Address, Address first, Address) {
      heap.set(first, Fact::_odictnode_next, Address{0});  // runs out
    }));
    CHECK(damaged([&](Address ordered, Address, Address) {
      heap.set(ordered, Fact::PyDictObject_ma_used, std::int64_t{2});  // has one too many
    }));
  });
}

TEST_CASE("attributes whose values are nowhere count as unreadable") {
  on_each_build([](FakeHeap& heap) {
    const ManagedDict managed = heap.layout.dialects.managed_dict;
    if (managed == ManagedDict::none || managed == ManagedDict::inline_values) return;
    const Address type = heap.heap_type({.name = "Point", .attributes = {"x"}});
    const Address object = heap.instance(type, {heap.none()});
    const bool tagged = managed == ManagedDict::tagged;
    heap.put(object - (tagged ? 24 : 32), Address{0x666600000000} - (tagged ? 1 : 0));
    FakeView view(heap);
    CHECK(view.references(object) == Expected{{type, ".__class__"}});
    CHECK(view.faults(Fault::unreadable) == 1);
  });
}

TEST_CASE("an unknown type with as many items as an int64 can say is read within bounds") {
  on_each_build([](FakeHeap& heap) {
    const Address type =
        heap.heap_type({.name = "Vector", .made_in_c = true, .basicsize = 24, .itemsize = 8});
    for (const std::int64_t size : {INT64_MIN, INT64_MAX}) {
      const Address object = heap.object(type);
      heap.set(object, Fact::PyVarObject_ob_size, size);
      FakeView view(heap);
      CHECK(view.references(object) == Expected{{type, ".__class__"}});
      CHECK(view.bytes(object) == 24 + heap.offset(Fact::sizeof_PyGC_Head));
    }
  });
}

TEST_CASE("an object cut off by the end of its memory is none") {
  on_each_build([](FakeHeap& heap) {
    const Address object = heap.allocate(16);  // the last bytes, and only a head
    heap.set(object, Fact::PyObject_ob_refcnt, std::int64_t{1});
    heap.set(object, Fact::PyObject_ob_type, heap.type("list"));
    FakeView view(heap);
    CHECK_FALSE(open_object(object, view.decoders));
    CHECK(view.faults(Fault::unreadable) == 1);
    CHECK_FALSE(looks_like_object(object, view.decoders));
  });
}

TEST_CASE("an object whose ob_type is garbage is none, and counts") {
  on_each_build([](FakeHeap& heap) {
    const Address object = heap.tuple({});
    for (const Address type : {Address{0}, Address{1}, Address{0x4141414141414141}, object}) {
      heap.set(object, Fact::PyObject_ob_type, type);
      FakeView view(heap);
      CHECK(view.references(object) == Expected{});
      CHECK(view.faults(Fault::bad_type) == 1);
      CHECK(view.faults() == 1);
    }
  });
}
