// inspector/python/collector_lists.h: the collector's lists, sound and broken.
#include "inspector/python/collector_lists.h"

#include <doctest/doctest.h>

#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

std::vector<Address> tuples(FakeHeap& heap, std::size_t count) {
  std::vector<Address> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(heap.tuple({}));
  return result;
}

struct Found {
  std::vector<Address> objects;
  std::uint64_t broken = 0, unreadable = 0, left_out = 0;
};

Found walk(FakeView& view, Address head) {
  ObjectSet set(view.mirror);
  walk_collector_list(head, view.decoders, set);
  Found found;
  for (auto at = set.next({}); at; at = set.next({at->segment, at->bit + 1})) {
    found.objects.push_back(set.address(*at));
  }
  found.broken = view.faults(Fault::broken_list);
  found.unreadable = view.faults(Fault::unreadable);
  found.left_out = view.faults(Fault::left_out);
  return found;
}

Found walk(FakeHeap& heap, Address head) {
  FakeView view(heap);
  return walk(view, head);
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
    const Found found = walk(heap, heap.collector_list(objects));
    CHECK(found.objects == objects);
    CHECK(found.broken == 0);
  });
}

TEST_CASE("an empty list, and none at all, have nothing") {
  on_each_build([](FakeHeap& heap) {
    const Found empty = walk(heap, heap.collector_list({}));
    CHECK(empty.objects.empty());
    CHECK(empty.broken == 0);
    CHECK(walk(heap, 0).objects.empty());
  });
}

TEST_CASE("flags in the low bits of the links are no part of them") {
  on_each_build([](FakeHeap& heap) {
    const std::vector<Address> objects = tuples(heap, 3);
    const Address head = heap.collector_list(objects);
    set_next(heap, objects[0], heap.gc_head(objects[1]) | 1);
    set_prev(heap, objects[1], heap.gc_head(objects[0]) | 3);
    const Found found = walk(heap, head);
    CHECK(found.objects == objects);
    CHECK(found.broken == 0);
  });
}

TEST_CASE("a list that was turned into a loop ends, and counts as broken once") {
  on_each_build([](FakeHeap& heap) {
    const std::vector<Address> objects = tuples(heap, 5);
    const Address head = heap.collector_list(objects);
    set_next(heap, objects[4], heap.gc_head(objects[1]));  // never comes back to the head
    const Found found = walk(heap, head);
    CHECK(found.objects == objects);
    CHECK(found.broken == 1);

    set_next(heap, objects[2], heap.gc_head(objects[2]));  // its own next
    CHECK(walk(heap, head).objects == objects);
  });
}

TEST_CASE("a list that is broken in the middle is followed from both ends") {
  on_each_build([](FakeHeap& heap) {
    const std::vector<Address> objects = tuples(heap, 6);
    const Address head = heap.collector_list(objects);
    set_next(heap, objects[2], 0);
    const Found found = walk(heap, head);
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
      const Found found = walk(heap, head);
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
    const Found found = walk(view, head);
    CHECK(found.left_out == 1);
    CHECK(found.objects == objects);  // backwards
  });
}

TEST_CASE("a head that is not there counts as broken and unreadable") {
  on_each_build([](FakeHeap& heap) {
    const Found found = walk(heap, 0x123450);
    CHECK(found.objects.empty());
    CHECK(found.broken == 1);
    CHECK(found.unreadable == 2);  // in both directions
  });
}

TEST_CASE("two lists that have grown together end where they meet") {
  on_each_build([](FakeHeap& heap) {
    const std::vector<Address> first = tuples(heap, 3), second = tuples(heap, 3);
    const Address first_head = heap.collector_list(first);
    const Address second_head = heap.collector_list(second);
    set_next(heap, first[1], heap.gc_head(second[0]));
    FakeView view(heap);
    ObjectSet set(view.mirror);
    walk_collector_list(first_head, view.decoders, set);
    walk_collector_list(second_head, view.decoders, set);
    for (const auto& list : {first, second}) {
      for (const Address object : list) CHECK(set.contains(*set.place(object)));
    }
    CHECK(view.faults(Fault::broken_list) >= 1);
  });
}
