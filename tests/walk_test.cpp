// inspector/walk.h: from the collector's lists to every object and reference of a heap, and what of
// a damaged heap is left.
#include "inspector/walk.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "inspector/count_references.h"
#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

struct Walked {
  HeapGraph graph;
  FakeView view;

  Walked(const FakeHeap& heap, const std::vector<Address>& lists,
         const std::vector<Arena>& arenas = {})
      : view(heap) {
    graph = walk(heap.runtime(lists), arenas, {}, view.decoders, Run{});
  }

  bool has(Address object) const { return graph.find(object).has_value(); }
  std::size_t at(Address object) const {
    const auto found = graph.find(object);
    REQUIRE(found);
    return index(*found);
  }
  std::vector<Address> targets(Address object) const {
    std::vector<Address> result;
    const std::size_t i = at(object);
    for (std::uint64_t r = graph.reference_begin[i]; r < graph.reference_begin[i + 1]; ++r) {
      result.push_back(graph.address[index(graph.reference_to[r])]);
    }
    return result;
  }
};

}  // namespace

TEST_CASE("objects that no list has are found through references, wherever they lie") {
  on_each_build([](FakeHeap& heap) {
    const Address text = heap.str("behind the sweep");
    const Address inner = heap.tuple({text});  // untracked
    const Address list = heap.list({inner, 0});
    const Address last = heap.integer(7);
    heap.put(heap.pointer(list, Fact::PyListObject_ob_item) + 8, last);
    const Walked walked(heap, {heap.collector_list({list})});
    for (const Address object : {text, inner, list, last}) CHECK(walked.has(object));
    CHECK(walked.graph.size() == 4);
    CHECK(walked.targets(list) == std::vector<Address>{inner, last});
    CHECK(walked.view.faults() == 0);
    CHECK(walked.graph.types[index(walked.graph.type[walked.at(text)])].name == "str");
  });
}

TEST_CASE("what stands in a list is tracked, what could stand in one is collectable") {
  on_each_build([](FakeHeap& heap) {
    const Address untracked = heap.tuple({}), number = heap.integer(1);
    const Address list = heap.list({untracked, number});
    const Walked walked(heap, {heap.collector_list({list})});
    const auto flags = [&](Address object) { return int{walked.graph.flags[walked.at(object)]}; };
    CHECK(flags(list) == (HeapGraph::kTracked | HeapGraph::kCollectable));
    CHECK(flags(untracked) == HeapGraph::kCollectable);
    CHECK(flags(number) == 0);
  });
}

TEST_CASE("all lists are walked, and a reference to another list's object is one like any") {
  on_each_build([](FakeHeap& heap) {
    const Address old = heap.tuple({}), young = heap.list({old, old});
    const Walked walked(heap, {heap.collector_list({young}), heap.collector_list({old})});
    CHECK(walked.graph.size() == 2);
    CHECK(walked.targets(young) == std::vector<Address>{old, old});
  });
}

TEST_CASE(
    "an object whose ob_type is garbage is counted once and left out, however often it is held") {
  on_each_build([](FakeHeap& heap) {
    const Address garbage = heap.tuple({});
    heap.set(garbage, Fact::PyObject_ob_type, Address{0x4141414141414141});
    const Address sound = heap.integer(1);
    std::vector<Address> items(1000, garbage);
    items.push_back(sound);
    const Address list = heap.list(items);
    const Walked walked(heap, {heap.collector_list({garbage, list})});
    CHECK_FALSE(walked.has(garbage));
    CHECK(walked.graph.size() == 2);
    CHECK(walked.targets(list) == std::vector<Address>{sound});
    CHECK(walked.view.faults(Fault::bad_type) == 1);
    CHECK(walked.view.faults() == 1);
  });
}

TEST_CASE("references into nowhere are counted, those into what was left out apart") {
  on_each_build([](FakeHeap& heap) {
    constexpr Address kLeftOut = 0x7f6600000000;
    const Address list = heap.list({0x666600000000, kLeftOut + 64, heap.none()});
    const std::vector<Address> lists{heap.collector_list({list})};
    std::vector<Mirror::Segment> segments = heap.memory.segments();
    segments.push_back(Mirror::left_out({kLeftOut, kLeftOut + 4096}));
    FakeView view(heap, std::move(segments));
    const HeapGraph graph = walk(heap.runtime(lists), {}, {}, view.decoders, Run{});
    CHECK(graph.size() == 2);
    CHECK(graph.reference_begin.back() == 1);  // the others lead nowhere
    CHECK(view.faults(Fault::unreadable) == 1);
    CHECK(view.faults(Fault::left_out) == 1);
  });
}

TEST_CASE("a tuple nested 300,000 deep is walked in bounded stack and time, in either direction") {
  for (const bool upwards : {true, false}) {
    CAPTURE(upwards);
    FakeHeap heap("3.12");
    constexpr std::size_t kDepth = 300'000;
    std::vector<Address> tuples;
    for (std::size_t i = 0; i < kDepth; ++i) tuples.push_back(heap.tuple({0}));
    if (!upwards) std::reverse(tuples.begin(), tuples.end());
    for (std::size_t i = 0; i + 1 < kDepth; ++i) {
      heap.put(tuples[i] + heap.offset(Fact::PyTupleObject_ob_item), tuples[i + 1]);
    }
    const std::vector<Address> lists{heap.collector_list({tuples[0]})};
    const auto begin = std::chrono::steady_clock::now();
    const Walked walked(heap, lists);
    CHECK(walked.graph.size() == kDepth);
    CHECK(walked.graph.reference_to.size() == kDepth - 1);
    // A tenth of a second here; generous, for sanitizers on a busy machine.
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
  }
}

TEST_CASE("references that go round in a circle are walked once") {
  on_each_build([](FakeHeap& heap) {
    const Address one = heap.list({0}), two = heap.list({one, 0});
    heap.put(heap.pointer(one, Fact::PyListObject_ob_item), two);
    heap.put(heap.pointer(two, Fact::PyListObject_ob_item) + 8, two);  // itself
    const Walked walked(heap, {heap.collector_list({one})});
    CHECK(walked.graph.size() == 2);
    CHECK(walked.targets(two) == std::vector<Address>{one, two});
  });
}

TEST_CASE("more references than an object's count says are told") {
  on_each_build([](FakeHeap& heap) {
    const Address shared = heap.tuple({}), sound = heap.tuple({});
    const Address list = heap.list({shared, shared, sound});  // counts of 1
    const Walked walked(heap, {heap.collector_list({list})});
    CHECK(walked.view.acquisition.negative_counts == 1);
    CHECK(walked.view.faults(Fault::bad_refcount) == 0);
  });
}

TEST_CASE("references of what guesses alone lead to say nothing of the layout") {
  on_each_build([](FakeHeap& heap) {
    const Address shared = heap.tuple({}), guessed = heap.tuple({shared, shared, shared});
    const Address type = heap.static_type("native.Native", heap.type("object"), 64, 0, kFlagHaveGc);
    const Address native = heap.object(type);
    heap.put(native + 32, guessed);
    const Walked walked(heap, {heap.collector_list({native})});
    CHECK(walked.has(guessed));
    CHECK(walked.view.acquisition.negative_counts == 1);
    CHECK(count_negative_of_reached(walked.graph) == 0);

    const Address list = heap.list({shared, shared});
    const Walked known(heap, {heap.collector_list({native, list})});
    CHECK(count_negative_of_reached(known.graph) == 1);
  });
}

TEST_CASE("a count of zero is no object's, and counts as bad") {
  on_each_build([](FakeHeap& heap) {
    const Address dead = heap.tuple({});
    heap.set(dead, Fact::PyObject_ob_refcnt, std::int64_t{0});
    const Walked walked(heap, {heap.collector_list({heap.list({dead})})});
    CHECK(walked.view.faults(Fault::bad_refcount) == 1);
  });
}

TEST_CASE("types read conservatively are named, most frequent first") {
  on_each_build([](FakeHeap& heap) {
    const Address rare = heap.heap_type({.name = "Rare", .made_in_c = true, .basicsize = 64});
    const Address often = heap.heap_type({.name = "Often", .made_in_c = true, .basicsize = 64});
    const Address list =
        heap.list({heap.object(rare), heap.object(often), heap.object(often), heap.none()});
    const Walked walked(heap, {heap.collector_list({list})});
    const Acquisition& acquisition = walked.view.acquisition;
    CHECK(acquisition.inferred_objects == 3);
    CHECK(acquisition.inferred_types == std::vector<std::string>{"app.Often", "app.Rare"});
  });
}

TEST_CASE("a walk that is interrupted ends with the signal") {
  FakeHeap heap("3.12");
  std::vector<Address> numbers;
  for (int i = 0; i < 70'000; ++i) numbers.push_back(heap.integer(i));
  const Address list = heap.list(numbers);
  const std::vector<Address> lists{heap.collector_list({list})};
  FakeView view(heap);
  std::atomic<int> signal{15};
  Run run;
  run.interrupted = &signal;
  int caught = 0;
  try {
    walk(heap.runtime(lists), {}, {}, view.decoders, run);
  } catch (const Interrupted& interrupted) {
    caught = interrupted.signal;
  }
  CHECK(caught == 15);
}
