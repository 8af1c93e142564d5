// inspector/analysis/collector_closure.h: what the target could see of its own heap.
#include "inspector/analysis/collector_closure.h"

#include <doctest/doctest.h>

#include "inspector/walk.h"
#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

struct Closure {
  HeapGraph graph;
  std::vector<bool> seen;

  Closure(const FakeHeap& heap, const Runtime& runtime) {
    FakeView view(heap);
    graph = walk(runtime, {}, {}, view.decoders, Run{});
    seen = collector_closure(graph);
  }
  bool has(Address object) const {
    const auto id = graph.find(object);
    REQUIRE(id);
    return seen[index(*id)];
  }
};

}  // namespace

TEST_CASE("owned references lead nowhere, the collector's do") {
  on_each_build([](FakeHeap& heap) {
    const Address key = heap.str("key"), value = heap.str("value");
    const Address dict = heap.dict({{key, value}});
    const Closure closure(heap, heap.runtime({heap.collector_list({dict})}));
    CHECK(closure.has(dict));
    CHECK(closure.has(value));
    CHECK_FALSE(closure.has(key));
  });
}

TEST_CASE("what was frozen is seen only where something else leads to it") {
  on_each_build([](FakeHeap& heap) {
    const Address alone = heap.list({}), held = heap.list({});
    Runtime runtime = heap.runtime({heap.collector_list({heap.list({held})})});
    runtime.interpreters[0].permanent = heap.collector_list({alone, held});
    const Closure closure(heap, runtime);
    CHECK(closure.has(held));
    CHECK_FALSE(closure.has(alone));
  });
}
