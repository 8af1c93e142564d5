// inspector/python/sqlite.cpp: the cache of statements that is objects, up to 3.10.

#include <doctest/doctest.h>

#include "tests/support/fake_view.h"

using namespace heapglass;

using Expected = std::vector<Shown>;

namespace {

struct Cache {
  Address cache, first, second;
};

Cache sqlite_cache(FakeHeap& heap, std::uint64_t flags) {
  const Address object = heap.type("object");
  const Address cache_type =
      heap.static_type("sqlite3.Cache", object, heap.layout[Fact::sizeof_pysqlite_Cache], 0, flags);
  const Address node_type =
      heap.static_type("sqlite3.Node", object, heap.layout[Fact::sizeof_pysqlite_Node], 0, flags);
  const Cache made{heap.object(cache_type), heap.object(node_type), heap.object(node_type)};
  heap.set(made.cache, Fact::pysqlite_Cache_first, made.first);
  heap.set(made.first, Fact::pysqlite_Node_next, made.second);
  heap.set(made.second, Fact::pysqlite_Node_prev, made.first);
  heap.set(made.first, Fact::pysqlite_Node_key, heap.none());
  return made;
}

}  // namespace

TEST_CASE("sqlite3's cache shows its entries and its factory, where that is its own") {
  on_each_old_build([](FakeHeap& heap) {
    const Cache made = sqlite_cache(heap, kFlagHaveGc);
    const Cache hidden = sqlite_cache(heap, 0);
    const Address factory = heap.tuple({}), mapping = heap.dict({});
    heap.set(made.cache, Fact::pysqlite_Cache_factory, factory);
    heap.set(made.cache, Fact::pysqlite_Cache_mapping, mapping);
    {
      FakeView view(heap);
      CHECK(view.references(made.cache) == Expected{{made.first, "<element>"},
                                                    {made.second, "<element>"},
                                                    {mapping, "<mapping>"}});
      CHECK(view.references(made.first) == Expected{{heap.none(), "<key>"}});
      // Without a collector's header nothing is shown.
      CHECK(view.references(hidden.cache) ==
            Expected{{hidden.first, "<element>", kOwned}, {hidden.second, "<element>", kOwned}});
    }
    heap.set(made.cache, Fact::pysqlite_Cache_decref_factory, std::int32_t{1});
    FakeView view(heap);
    CHECK(view.references(made.cache).front() == Shown{factory, "<factory>"});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("a cache whose entries run in a circle counts as broken_chain, and ends") {
  on_each_old_build([](FakeHeap& heap) {
    const Cache made = sqlite_cache(heap, kFlagHaveGc);
    heap.set(made.second, Fact::pysqlite_Node_next, made.first);
    FakeView view(heap);
    CHECK(view.references(made.cache).size() == 2);
    CHECK(view.faults(Fault::broken_chain) == 1);
  });
}
