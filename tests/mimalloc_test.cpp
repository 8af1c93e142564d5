// inspector/python/mimalloc.h: segments found by their cookies, pages, and the objects in their
// blocks.
#include "inspector/python/mimalloc.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "inspector/walk.h"
#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

constexpr Address kSegmentSize = Address{32} << 20, kSlice = 64 << 10;
constexpr Address kSecret = 0x1234567890abcdef;
enum Tag : std::uint8_t { mem, object, gc, gc_pre };

// A segment as mimalloc has it in memory, of which the first slices are there.
struct FakeSegment {
  static constexpr Address kSlices = 6;

  FakeHeap& heap;
  Address begin;
  Address next = 1;  // slice

  FakeSegment(FakeHeap& a_heap, Address address) : heap(a_heap), begin(address) {
    heap.memory.add({begin, begin + kSlices * kSlice});
    heap.set(begin, Fact::mi_segment_s_cookie, begin ^ kSecret);
    heap.set(begin, Fact::mi_segment_s_segment_info_slices, std::uint64_t{1});
    heap.set(begin, Fact::mi_segment_s_slice_entries, std::uint64_t{kSlices});
  }

  struct Page {
    Address head = 0, begin = 0, first = 0;
    std::uint32_t block = 0;
    Address at(std::uint64_t i) const { return first + i * block; }
  };
  Page page(Tag tag, std::uint32_t block, std::uint16_t capacity, std::uint32_t used,
            std::uint32_t slices = 1) {
    Page page;
    page.block = block;
    page.head =
        begin + heap.offset(Fact::mi_segment_s_slices) + next * heap.offset(Fact::sizeof_mi_page_s);
    page.begin = begin + next * kSlice;
    page.first = page.begin + (block <= 64 ? 3 * block : block <= 512 ? block : 0);
    next += slices;
    heap.set(page.head, Fact::mi_page_s_slice_count, slices);
    heap.set(page.head, Fact::mi_page_s_tag, static_cast<std::uint8_t>(1 | tag << 3));
    heap.set(page.head, Fact::mi_page_s_block_size, block);
    heap.set(page.head, Fact::mi_page_s_capacity, capacity);
    heap.set(page.head, Fact::mi_page_s_used, used);
    return page;
  }
  // A chain of blocks that were given back, each with what it held still behind its first word.
  Address chain(const Page& page, const std::vector<std::uint64_t>& blocks) {
    Address before = 0;
    for (const std::uint64_t i : blocks) heap.put(page.at(i), before), before = page.at(i);
    return before;
  }
  // A copy of an object, `before` bytes into a block.
  Address move(const Page& page, std::uint64_t i, Address object, std::size_t size,
               std::size_t before = 0) {
    for (std::size_t at = 0; at < size; at += 8) {
      heap.put(page.at(i) + before + at, heap.memory.get<Address>(object + at));
    }
    return page.at(i) + before;
  }
};

constexpr Address kAt = Address{0x7e00} << 32;  // a multiple of the segments' size

// An interpreter whose sys.modules stands in that page.
Runtime runtime_with(FakeHeap& heap, Address modules) {
  Runtime runtime = heap.runtime({});
  runtime.interpreters[0].address =
      heap.allocate(heap.offset(Fact::PyInterpreterState_imports_modules) + 8);
  heap.set(runtime.interpreters[0].address, Fact::PyInterpreterState_imports_modules, modules);
  return runtime;
}

struct Sweep {
  FakeView view;
  std::vector<Arena> segments;
  std::vector<Address> objects;

  Sweep(const FakeHeap& heap, const Runtime& runtime) : view(heap) {
    segments = find_segments(runtime, heap.layout, view.mirror);
    const Cells cells(view.mirror);
    ObjectSet found(cells);
    for (const Pool& pool : used_pools(segments, view.decoders)) {
      find_objects(pool, false, view.decoders, cells, found);
    }
    for (Cell at = found.next(0, cells.count()); at != kNoCell;
         at = found.next(at + 1, cells.count())) {
      objects.push_back(cells.address(at));
    }
  }
};

}  // namespace

TEST_CASE("segments are found by their cookies, whoever has them") {
  FakeHeap heap("3.13t");
  FakeSegment first(heap, kAt), second(heap, kAt + 3 * kSegmentSize),
      other(heap, kAt + kSegmentSize);
  heap.set(other.begin, Fact::mi_segment_s_cookie, std::uint64_t{0x42});
  FakeSegment forged(heap, kAt + 2 * kSegmentSize);
  heap.set(forged.begin, Fact::mi_segment_s_slice_entries, std::uint64_t{513});
  const Runtime runtime = runtime_with(heap, first.begin + kSlice + 0x300);

  Sweep sweep(heap, runtime);
  REQUIRE(sweep.segments.size() == 2);
  CHECK(sweep.segments[0].range.begin == first.begin);
  CHECK(sweep.segments[1].range.begin == second.begin);

  heap.set(runtime.interpreters[0].address, Fact::PyInterpreterState_imports_modules,
           heap.none());  // in no segment
  CHECK(Sweep(heap, runtime).segments.empty());
}

TEST_CASE("objects are found in blocks in use, by the heap that a page is of") {
  FakeHeap heap("3.13t");
  FakeSegment segment(heap, kAt);
  const auto list = [&](const std::vector<Address>& items) { return heap.list(items); };
  const FakeSegment::Page numbers = segment.page(object, 48, 6, 4);
  const FakeSegment::Page lists = segment.page(gc, 64, 4, 3);
  const FakeSegment::Page managed = segment.page(gc_pre, 64, 2, 1);
  const FakeSegment::Page tables = segment.page(mem, 64, 2, 2);
  const Runtime runtime = runtime_with(heap, lists.begin);

  std::vector<Address> expected;
  const std::size_t int_size = 48, list_size = 56;
  for (std::uint64_t i = 0; i < 6; ++i) {
    const Address at = segment.move(numbers, i, heap.integer(1000), int_size);
    if (i == 0 || i == 3 || i == 4) expected.push_back(at);
  }
  // Given back here: 1; freed elsewhere and still counted as used: 2; given back lately: 5.
  heap.set(numbers.head, Fact::mi_page_s_free, segment.chain(numbers, {1}));
  heap.set(numbers.head, Fact::mi_page_s_local_free, segment.chain(numbers, {5}));
  heap.set(numbers.head, Fact::mi_page_s_xthread_free, segment.chain(numbers, {2}) | 1);

  for (std::uint64_t i = 0; i < 3; ++i) {
    const Address at = segment.move(lists, i, list({heap.none()}), list_size);
    if (i == 1)
      heap.set(at, Fact::PyObject_ob_gc_bits, std::uint8_t{0});  // untracked: an object still
    if (i == 2) heap.set_count(at, 0);                           // kept for reuse
    if (i < 2) expected.push_back(at);
  }
  heap.set(lists.head, Fact::mi_page_s_free, segment.chain(lists, {3}));
  const Address a_class = heap.heap_type({.name = "C", .attributes = {}, .managed = true});
  expected.push_back(
      segment.move(managed, 0, heap.object(a_class), heap.offset(Fact::sizeof_PyObject), 16));
  heap.set(managed.head, Fact::mi_page_s_free, segment.chain(managed, {1}));
  // What stands in tables is no object, whatever it looks like.
  segment.move(tables, 0, list({}), list_size);

  Sweep sweep(heap, runtime);
  std::sort(expected.begin(), expected.end());
  CHECK(sweep.objects == expected);
  CHECK(sweep.view.faults() == 0);
  const PoolFacts facts = count_pages(sweep.segments, heap.layout, sweep.view.mirror);
  CHECK(facts.arena_bytes == 4 * kSlice);
  CHECK(facts.used_blocks == 4 * 48 + 3 * 64 + 64 + 2 * 64);
}

TEST_CASE("objects stand behind what the debugging allocator writes") {
  FakeHeap heap("3.13t");
  FakeSegment segment(heap, kAt);
  const FakeSegment::Page lists = segment.page(gc, 128, 1, 1);
  const Address at = segment.move(lists, 0, heap.list({heap.none()}), 56, 16);
  heap.put(lists.at(0), std::uint64_t{56} << 56);
  heap.put(lists.at(0) + 8, std::uint64_t{0xFDFDFDFDFDFDFD00} | 'o');
  CHECK(Sweep(heap, runtime_with(heap, lists.begin)).objects == std::vector{at});
}

TEST_CASE("a free list that loops, leads astray or is too long is bounded, and a fault") {
  FakeHeap heap("3.13t");
  FakeSegment segment(heap, kAt);
  const FakeSegment::Page page = segment.page(object, 48, 100, 50);
  const Runtime runtime = runtime_with(heap, page.begin);
  const auto broken = [&](Address head) {
    heap.set(page.head, Fact::mi_page_s_free, head);
    return Sweep(heap, runtime).view.faults(Fault::broken_chain);
  };
  heap.put(page.at(7), page.at(7));
  CHECK(broken(page.at(7)) == 1);
  heap.put(page.at(7), page.at(0) - 48);
  CHECK(broken(page.at(7)) == 1);
  CHECK(broken(Address{0x10}) == 1);
  CHECK(broken(0) == 1);  // half of the blocks are said to be free
}

TEST_CASE("a page that contradicts itself is left out, and a fault") {
  const auto faults = [](auto damage) {
    FakeHeap heap("3.13t");
    FakeSegment segment(heap, kAt);
    const FakeSegment::Page page = segment.page(gc, 64, 100, 50);
    const Runtime runtime = runtime_with(heap, page.begin);
    damage(heap, page);
    Sweep sweep(heap, runtime);
    CHECK(sweep.objects.empty());
    return sweep.view.faults(Fault::bad_table);
  };
  CHECK(faults([](FakeHeap& heap, const FakeSegment::Page& page) {
          heap.set(page.head, Fact::mi_page_s_used, std::uint32_t{101});
        }) == 1);
  CHECK(faults([](FakeHeap& heap, const FakeSegment::Page& page) {
          heap.set(page.head, Fact::mi_page_s_capacity, std::uint16_t{2000});
        }) == 1);
  CHECK(faults([](FakeHeap& heap, const FakeSegment::Page& page) {
          heap.set(page.head, Fact::mi_page_s_block_size, std::uint32_t{0x70000000});
        }) == 1);
  // A page as long as 4 billion slices ends the segment.
  CHECK(faults([](FakeHeap& heap, const FakeSegment::Page& page) {
          heap.set(page.head, Fact::mi_page_s_slice_count, ~std::uint32_t{0});
          heap.set(page.head, Fact::mi_page_s_used, std::uint32_t{101});
        }) == 1);
}

TEST_CASE("counts are read from both halves, less what deferred counting adds") {
  FakeHeap heap("3.13t");
  const Address number = heap.integer(1000);
  const auto count = [&](std::uint32_t local, std::int64_t shared, int flags, std::uint8_t bits = 0,
                         Address thread = FakeHeap::kThread) {
    heap.set(number, Fact::PyObject_ob_ref_local, local);
    heap.set(number, Fact::PyObject_ob_ref_shared, shared * 4 + flags);
    heap.set(number, Fact::PyObject_ob_gc_bits, bits);
    heap.set(number, Fact::PyObject_ob_tid, thread);
    return refcount_of(heap.memory.bytes(number, heap.offset(Fact::sizeof_PyObject)), heap.layout);
  };
  CHECK(count(3, 0, 0).count == 3);
  CHECK(count(5, -2, 2).count == 3);
  CHECK(count(0, 7, 3, 0, 0).count == 7);
  CHECK_FALSE(count(0, 7, 3, 0, 0).absurd);
  CHECK(count(~0u, 0, 0).immortal);
  constexpr std::uint8_t kDeferred = 64;
  CHECK(count(4, 0, 2, kDeferred).count == 3);
  constexpr std::int64_t kMany = INT64_MAX / 8;  // from 3.14 on
  CHECK(count(4, kMany + 1, 0, kDeferred).count == 5);
  CHECK_FALSE(count(0, kMany, 0, kDeferred).absurd);

  CHECK(count(0, 0, 0).absurd);
  CHECK(count(2, -3, 0).absurd);
  CHECK(count(1, 7, 3, 0, 0).absurd);  // merged, and yet a thread's own
  CHECK(count(1, std::int64_t{1} << 50, 0).absurd);
  CHECK(count(1, 0, 0, 0, FakeHeap::kThread + 1).absurd);  // no thread
}
