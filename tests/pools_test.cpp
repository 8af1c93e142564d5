// inspector/python/pools.h: what the allocator's pools hold, and the walk that begins with them.
#include "inspector/python/pools.h"

#include <doctest/doctest.h>

#include <map>

#include "inspector/walk.h"
#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

// One arena with one pool, in a FakeHeap: blocks are filled in order, objects copied into them.
struct FakePool {
  FakeHeap& heap;
  std::uint32_t block;
  Address begin = 0;
  std::uint32_t end = 0;
  Arena arena;
  std::vector<Address> free;

  FakePool(FakeHeap& a_heap, std::uint32_t a_block) : heap(a_heap), block(a_block) {
    const Address size = heap.offset(Fact::pymalloc_POOL_SIZE);
    begin = (heap.allocate(2 * size) + size - 1) / size * size;
    end = static_cast<std::uint32_t>(heap.offset(Fact::sizeof_pool_header));
    arena = {{begin, begin + size}, begin + size};
  }
  Address next_block() {
    const Address at = begin + end;
    end += block;
    return at;
  }
  // A copy of `object` with what stands before it, in a block of its own.
  Address move(Address object, Address before, std::size_t size) {
    const Address at = next_block();
    for (Address i = 0; i < before + size; i += 8) {
      heap.put(at + i, heap.memory.get<Address>(object - before + i));
    }
    return at + before;
  }
  Address integer(std::int64_t value) { return move(heap.integer(value), 0, 32); }
  Address list(const std::vector<Address>& items) {
    return move(heap.list(items), heap.offset(Fact::sizeof_PyGC_Head), 40);
  }
  void raw(const std::vector<Address>& words) {
    Address at = next_block();
    for (const Address word : words) heap.put(at, word), at += 8;
  }
  Address free_block() { return free.emplace_back(next_block()); }
  void finish() {
    const std::uint32_t blocks =
        (end - static_cast<std::uint32_t>(heap.offset(Fact::sizeof_pool_header))) / block;
    heap.set(begin, Fact::pool_header_ref_count, blocks - static_cast<std::uint32_t>(free.size()));
    heap.set(begin, Fact::pool_header_szidx,
             block / static_cast<std::uint32_t>(heap.offset(Fact::pymalloc_ALIGNMENT)) - 1);
    heap.set(begin, Fact::pool_header_nextoffset, end);
    Address chain = 0;
    for (const Address at : free) heap.put(at, chain), chain = at;
    heap.set(begin, Fact::pool_header_freeblock, chain);
  }
  std::vector<Address> objects(FakeView& view) const {
    const Cells cells(view.mirror);
    ObjectSet found(cells);
    for (const Pool& pool : used_pools({arena}, view.decoders)) {
      find_objects(pool, true, view.decoders, cells, found);
    }
    std::vector<Address> result;
    for (Cell at = found.next(0, cells.count()); at != kNoCell;
         at = found.next(at + 1, cells.count())) {
      result.push_back(cells.address(at));
    }
    return result;
  }
};

}  // namespace

TEST_CASE("objects in blocks are found, with a collector's header before them and without") {
  on_each_build([](FakeHeap& heap) {
    FakePool pool(heap, 64);
    const Address number = pool.integer(1), list = pool.list({}), last = pool.integer(2);
    pool.finish();
    FakeView view(heap);
    CHECK(pool.objects(view) == std::vector<Address>{number, list, last});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("blocks that were given back hold no objects, whatever still stands in them") {
  on_each_build([](FakeHeap& heap) {
    FakePool pool(heap, 64);
    const Address number = pool.integer(1);
    for (int i = 0; i < 3; ++i) {
      pool.integer(7);
      pool.free.push_back(pool.begin + pool.end - pool.block);
    }
    pool.finish();
    FakeView view(heap);
    CHECK(pool.objects(view) == std::vector<Address>{number});
  });
}

TEST_CASE("tables, texts over dead instances and dead objects are no objects") {
  on_each_build([](FakeHeap& heap) {
    const Address list = heap.type("list"), integer = heap.type("int"), none = heap.none();
    FakePool pool(heap, 64);
    pool.raw({none, integer, none, list});               // a list's items, one of them a type
    pool.raw({0, integer, 0, list});                     // counts of zero
    pool.raw({0x6f637320666f2061, 0x2065, 0x20, list});  // text where links would be, over a list
    pool.raw({1, 0x40303, 5, 3});                        // the head of a dict's keys
    pool.raw({none, none, 0x10000000000, list});         // no count is so large
    pool.raw({heap.type("int"), integer});               // an address is none either
    pool.finish();
    FakeView view(heap);
    CHECK(pool.objects(view).empty());
  });
}

TEST_CASE("an object whose body would not fit its block is none") {
  on_each_build([](FakeHeap& heap) {
    FakePool pool(heap, 32);
    pool.raw({0, 0, 1, heap.type("list")});  // 16 + 40 bytes
    pool.finish();
    FakeView view(heap);
    CHECK(pool.objects(view).empty());
  });
}

TEST_CASE("a str whose characters would not fit its block is none") {
  on_each_build([](FakeHeap& heap) {
    const Address fits = heap.str("0123456"), longer = heap.str("0123456");
    heap.set(longer, Fact::PyASCIIObject_length, std::int64_t{40});
    FakePool pool(heap, 64);
    const Address text = pool.move(fits, 0, 64);
    pool.move(longer, 0, 64);
    // A type's documentation over a dead str.
    pool.raw({0xc0, heap.type("str"), 0x4000000000, 0x20c0acfdf96131d4, 0xc000000064});
    pool.finish();
    FakeView view(heap);
    CHECK(pool.objects(view) == std::vector<Address>{text});
  });
}

TEST_CASE("a chain of free blocks that loops, leaves its pool or ends early is counted") {
  on_each_build([](FakeHeap& heap) {
    FakePool pool(heap, 64);
    const Address number = pool.integer(1);
    const Address first = pool.free_block(), second = pool.free_block();
    pool.finish();
    for (const Address next : {second, number + 0x1000000, pool.begin, Address{0}, Address{1}}) {
      CAPTURE(next);
      heap.put(second, next);  // the chain begins there
      FakeView view(heap);
      const std::vector<Address> objects = pool.objects(view);
      CHECK(std::find(objects.begin(), objects.end(), number) != objects.end());
      CHECK(view.faults(Fault::broken_chain) == 1);
    }
    heap.put(second, first);
    FakeView view(heap);
    CHECK(pool.objects(view).size() == 1);
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("a pool that contradicts itself is counted and not looked into") {
  on_each_build([](FakeHeap& heap) {
    FakePool pool(heap, 64);
    pool.integer(1);
    pool.finish();
    const auto faults = [&](Fact field, std::uint32_t value) {
      FakeHeap& fake = heap;
      const auto before = fake.memory.get<std::uint32_t>(pool.begin + fake.offset(field));
      fake.set(pool.begin, field, value);
      FakeView view(fake);
      CHECK(pool.objects(view).empty());
      fake.set(pool.begin, field, before);
      return view.faults(Fault::bad_table);
    };
    CHECK(faults(Fact::pool_header_szidx, 0xffffffff) == 1);
    CHECK(faults(Fact::pool_header_nextoffset, 0xffffffff) == 1);
    CHECK(faults(Fact::pool_header_nextoffset, 0) == 1);
    CHECK(faults(Fact::pool_header_ref_count, 2) == 1);
    CHECK(faults(Fact::pool_header_ref_count, 0) == 0);  // a free pool
  });
}

TEST_CASE("with pools or without, the walk gives the same objects and references") {
  on_each_build([](FakeHeap& heap) {
    FakePool pool(heap, 64);
    const Address small = pool.integer(1), large = heap.str("outside of the pool");
    const Address inner = pool.list({small, large, 0x666600000000});
    const Address outer = heap.list({inner, large, small});
    const Address head = heap.collector_list({inner, outer});
    pool.finish();
    const auto look = [&](const std::vector<Arena>& arenas) {
      FakeView view(heap);
      const HeapGraph graph = walk(heap.runtime({head}), arenas, {}, view.decoders, Run{});
      CHECK(view.faults(Fault::unreadable) == 1);
      CHECK(graph.pooled == (arenas.empty() ? 0 : 2));
      std::map<Address, std::vector<Address>> references;
      for (std::size_t i = 0; i < graph.size(); ++i) {
        CHECK(graph.find(graph.address[i]) == ObjectId{static_cast<std::uint32_t>(i)});
        std::vector<Address>& to = references[graph.address[i]];
        for (std::uint64_t r = graph.reference_begin[i]; r < graph.reference_begin[i + 1]; ++r) {
          to.push_back(graph.address[index(graph.reference_to[r])]);
        }
      }
      return references;
    };
    const auto without = look({});
    CHECK(without.size() == 4);
    CHECK(without.at(inner) == std::vector<Address>{small, large});
    CHECK(without == look({pool.arena}));
  });
}

TEST_CASE("objects in pools and small tables of any object are what of the pools is explained") {
  on_each_build([](FakeHeap& heap) {
    FakePool pool(heap, 64);
    const Address small = pool.integer(1);            // in a block of 32 bytes
    const Address inner = pool.list({small, small});  // 56 bytes, and 2 items
    const Address outside = heap.list({inner}, 64);   // whose 64 items fill the largest block
    const Address large = heap.list({inner}, 65);     // whose items no pool has
    const Address head = heap.collector_list({inner, outside, large});
    pool.finish();
    FakeView view(heap);
    walk(heap.runtime({head}), {pool.arena}, {}, view.decoders, Run{});
    CHECK(view.acquisition.pool_bytes == 32 + 64 + 16 + 512);
    FakeView without(heap);
    walk(heap.runtime({head}), {}, {}, without.decoders, Run{});
    CHECK(without.acquisition.pool_bytes == 16 + 512);
  });
}

TEST_CASE("what only a neighbour in the collector's list knows is found beside a pool's object") {
  on_each_build([](FakeHeap& heap) {
    FakePool pool(heap, 64);
    const Address pooled = pool.list({}), alone = heap.list({}), last = heap.list({});
    const Address head = heap.collector_list({pooled, alone, last});
    pool.finish();
    FakeView view(heap);
    Runtime runtime = heap.runtime({head});
    runtime.interpreters[0].generations = {};  // as if nothing were known of the list's head
    const HeapGraph graph = walk(runtime, {pool.arena}, {}, view.decoders, Run{});
    for (const Address object : {pooled, alone, last}) CHECK(graph.find(object));
  });
}
