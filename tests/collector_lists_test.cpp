// inspector/found.h, CollectorLists: the collector's lists, sound and broken, as the walk sees
// them.
#include <doctest/doctest.h>

#include "inspector/walk.h"
#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

std::vector<Address> tuples(FakeHeap& heap, std::size_t count) {
  std::vector<Address> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(heap.tuple({}));
  return result;
}

struct Listed {
  std::vector<Address> objects;
  std::uint64_t broken = 0, unreadable = 0, left_out = 0;
};

Listed look(FakeView& view, const Runtime& runtime) {
  const HeapGraph graph = walk(runtime, {}, {}, view.decoders, Run{});
  return {{graph.address.begin(), graph.address.end()},
          view.faults(Fault::broken_list),
          view.faults(Fault::unreadable),
          view.faults(Fault::left_out)};
}

Listed look(FakeHeap& heap, Address head) {
  FakeView view(heap);
  return look(view, heap.runtime({head}));
}

void set_next(FakeHeap& heap, Address object, Address node) {
  heap.set(heap.gc_head(object), Fact::PyGC_Head__gc_next, node);
}
void set_prev(FakeHeap& heap, Address object, Address node) {
  heap.set(heap.gc_head(object), Fact::PyGC_Head__gc_prev, node);
}

}  // namespace

TEST_CASE("every object of a list is found, and the head is none") {
  on_each_build([](FakeHeap& heap) {
    const std::vector<Address> objects = tuples(heap, 5);
    const Listed found = look(heap, heap.collector_list(objects));
    CHECK(found.objects == objects);
    CHECK(found.broken == 0);
  });
}

TEST_CASE("an empty list, and none at all, have nothing") {
  on_each_build([](FakeHeap& heap) {
    const Listed empty = look(heap, heap.collector_list({}));
    CHECK(empty.objects.empty());
    CHECK(empty.broken == 0);
    CHECK(look(heap, 0).objects.empty());
  });
}

TEST_CASE("flags in the low bits of the links are no part of them") {
  on_each_build([](FakeHeap& heap) {
    const std::vector<Address> objects = tuples(heap, 3);
    const Address head = heap.collector_list(objects);
    set_next(heap, objects[0], heap.gc_head(objects[1]) | 1);
    set_prev(heap, objects[1], heap.gc_head(objects[0]) | 3);
    const Listed found = look(heap, head);
    CHECK(found.objects == objects);
    CHECK(found.broken == 0);
  });
}

TEST_CASE("a list that was turned into a loop ends, and counts as broken where it is") {
  on_each_build([](FakeHeap& heap) {
    const std::vector<Address> objects = tuples(heap, 5);
    const Address head = heap.collector_list(objects);
    set_next(heap, objects[4], heap.gc_head(objects[1]));  // never comes back to the head
    const Listed found = look(heap, head);
    CHECK(found.objects == objects);
    CHECK(found.broken == 1);

    set_next(heap, objects[2], heap.gc_head(objects[2]));  // its own next
    CHECK(look(heap, head).objects == objects);
    CHECK(look(heap, head).broken == 2);
  });
}

TEST_CASE("a list that is broken in the middle is followed from both ends") {
  on_each_build([](FakeHeap& heap) {
    const std::vector<Address> objects = tuples(heap, 6);
    const Address head = heap.collector_list(objects);
    set_next(heap, objects[2], 0);
    const Listed found = look(heap, head);
    CHECK(found.objects == objects);
    CHECK(found.broken == 1);
  });
}

TEST_CASE("a garbage pointer in a list costs what it hides from both sides, and nothing else") {
  on_each_build([](FakeHeap& heap) {
    for (const Address garbage : {Address{0x10}, Address{0xdeadbeef0}, ~Address{7}}) {
      CAPTURE(garbage);
      const std::vector<Address> objects = tuples(heap, 6);
      const Address head = heap.collector_list(objects);
      set_next(heap, objects[1], garbage);
      set_prev(heap, objects[4], garbage);
      const Listed found = look(heap, head);
      CHECK(found.objects == std::vector<Address>{objects[0], objects[1], objects[4], objects[5]});
      CHECK(found.broken == 1);
      CHECK(found.unreadable == 2);
    }
  });
}

TEST_CASE("a list that leads into a range left out says so, for another try") {
  on_each_build([](FakeHeap& heap) {
    constexpr Address kElsewhere = 0x7f6600000000;
    const std::vector<Address> objects = tuples(heap, 3);
    const Address head = heap.collector_list(objects);
    set_next(heap, objects[0], kElsewhere + 64);
    std::vector<Mirror::Segment> segments = heap.memory.segments();
    segments.push_back(Mirror::left_out({kElsewhere, kElsewhere + 4096}));
    FakeView view(heap, std::move(segments));
    const Listed found = look(view, heap.runtime({head}));
    CHECK(found.left_out == 1);
    CHECK(found.objects == objects);  // backwards
  });
}

TEST_CASE("a head that is not there counts as broken and unreadable") {
  on_each_build([](FakeHeap& heap) {
    const Listed found = look(heap, 0x123450);
    CHECK(found.objects.empty());
    CHECK(found.broken == 1);
    CHECK(found.unreadable == 1);
  });
}

TEST_CASE("two lists that have grown together end where they meet") {
  on_each_build([](FakeHeap& heap) {
    const std::vector<Address> first = tuples(heap, 3), second = tuples(heap, 3);
    const Address first_head = heap.collector_list(first);
    const Address second_head = heap.collector_list(second);
    set_next(heap, first[1], heap.gc_head(second[0]));
    FakeView view(heap);
    const Listed found = look(view, heap.runtime({first_head, second_head}));
    CHECK(found.objects.size() == 6);
    CHECK(found.broken == 1);
  });
}

TEST_CASE("while a collection is under way links back are not looked at") {
  on_each_build([](FakeHeap& heap) {
    const std::vector<Address> objects = tuples(heap, 3);
    const Address head = heap.collector_list(objects);
    for (const Address object : objects) set_prev(heap, object, 2 << 2 | 2);  // counts
    FakeView view(heap);
    view.acquisition.gc_running = true;
    const Listed found = look(view, heap.runtime({head}));
    CHECK(found.objects == objects);
    CHECK(found.broken == 0);
  });
}
