// inspector/analysis/retained.h, shared_owners.h, referrers.h: answers from the dominator tree.
#include "inspector/analysis/retained.h"

#include <doctest/doctest.h>

#include <random>

#include "inspector/analysis/referrers.h"
#include "inspector/analysis/shared_owners.h"
#include "tests/support/small_graph.h"

using namespace heapglass;

namespace {

std::uint32_t add_module(SmallGraph& graph, const std::string& name) {
  const auto module = graph.object("module", 64);
  const auto globals = graph.object("dict", 64);
  graph.edge(module, globals, ".__dict__");
  graph.root(module, RootKind::module, "module " + name, RootHold::borrowed);
  return globals;
}

const RetainedRow& row(const std::vector<RetainedRow>& rows, std::string_view name) {
  for (const RetainedRow& one : rows) {
    if (one.name == name) return one;
  }
  FAIL("no row " << name);
  return rows.front();
}

}  // namespace

TEST_CASE("by type each object counts once, however deep its type is nested") {
  SmallGraph graph;
  const auto app = add_module(graph, "app");
  const auto tree = graph.object("app.Tree", 100);
  const auto left = graph.object("app.Tree", 100);
  const auto leaf = graph.object("bytes", 1000);
  const auto other = graph.object("app.Tree", 100);
  graph.edge(app, tree, ".tree");
  graph.edge(tree, left, ".left");
  graph.edge(left, leaf, ".data");
  graph.edge(app, other, ".other");
  const HeapGraph heap = graph.build();
  const auto rows = retained_by_type(heap, dominators(heap));
  CHECK(row(rows, "app.Tree").count == 3);
  CHECK(row(rows, "app.Tree").bytes == 300);
  CHECK(row(rows, "app.Tree").retained_bytes == 1300);
  CHECK(row(rows, "app.Tree").retained_objects == 4);
  CHECK(row(rows, "bytes").retained_bytes == 1000);
}

TEST_CASE("a module has what its dict holds, though others' functions refer to the dict") {
  SmallGraph graph;
  const auto shop = add_module(graph, "shop");
  const auto web = add_module(graph, "web");
  const auto helper = graph.object("function", 100);
  const auto cache = graph.object("dict", 5000);
  graph.edge(shop, helper, ".helper");
  graph.edge(shop, cache, ".cache");
  graph.edge(web, helper, ".helper");
  graph.edge(helper, shop, ".__globals__");
  const HeapGraph heap = graph.build();
  const auto rows = retained_by_owner(heap, dominators(heap), OwnerKind::module);
  CHECK(row(rows, "module shop").retained_bytes == 64 + 64 + 5000);
  CHECK(row(rows, "module web").retained_bytes == 128);
  CHECK(rows.back().name.empty());
  CHECK(rows.back().retained_bytes == 100);
  std::uint64_t objects = 0;
  for (const RetainedRow& one : rows) objects += one.retained_objects;
  CHECK(objects == heap.size());
}

TEST_CASE("of the heaviest objects, what only passes on is left out") {
  SmallGraph graph;
  const auto app = add_module(graph, "app");
  const auto registry = graph.object("app.Registry", 10);
  const auto attributes = graph.object("dict", 20);
  const auto list = graph.object("list", 8000);
  const auto row = graph.object("app.Row", 2000);
  const auto text = graph.object("str", 500);
  graph.edge(app, registry, ".registry");
  graph.edge(registry, attributes, ".__dict__");
  graph.edge(attributes, list, ".rows");
  graph.edge(list, row, "[0]");
  graph.edge(row, text, ".text");
  const HeapGraph heap = graph.build();
  const Dominators tree = dominators(heap);
  const auto ids = [](const std::vector<ObjectId>& objects) {
    std::vector<std::uint32_t> result;
    for (const ObjectId object : objects) result.push_back(static_cast<std::uint32_t>(object));
    return result;
  };
  CHECK(ids(heaviest_objects(heap, tree, {}, 10)) == std::vector<std::uint32_t>{list, row, text});
  CHECK(ids(heaviest_objects(heap, tree, {}, 1)) == std::vector<std::uint32_t>{list});
  std::vector<bool> registries(heap.types.size(), false);
  registries[index(heap.type[registry])] = true;
  CHECK(ids(heaviest_objects(heap, tree, registries, 10)) == std::vector<std::uint32_t>{registry});
  CHECK(heaviest_objects(heap, tree, {}, 0).empty());
}

TEST_CASE("two caches hold together what neither holds alone") {
  SmallGraph graph;
  const auto app = add_module(graph, "app");
  const auto by_name = graph.object("dict", 300);
  const auto by_number = graph.object("dict", 300);
  graph.edge(app, by_name, ".by_name");
  graph.edge(app, by_number, ".by_number");
  for (int i = 0; i < 10; ++i) {
    const auto entry = graph.object("app.Entry", 50);
    const auto data = graph.object("bytes", 50);
    graph.edge(entry, data, ".data");
    graph.item(by_name, graph.object("str", 1), entry);
    graph.item(by_number, graph.object("int", 1), entry);
    if (i > 0) graph.edge(entry, entry - 4, ".previous");  // they know each other too
  }
  const HeapGraph heap = graph.build();
  const Dominators tree = dominators(heap);
  CHECK(tree.bytes[by_name] == 310);
  const auto groups = shared_groups(heap, tree, 1);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].holders == std::vector<std::uint32_t>{by_name, by_number});
  CHECK(groups[0].objects == 20);
  CHECK(groups[0].bytes == 1000);
  CHECK(groups[0].examples == 10);
  CHECK(shared_groups(heap, tree, 1001).empty());
}

TEST_CASE("a holder is the last object on the way to all that it holds") {
  SmallGraph graph;
  const auto app = add_module(graph, "app");
  const auto sessions = graph.object("dict", 300);
  const auto pricing = graph.object("type", 300);
  const auto cache = graph.object("list", 300);
  graph.edge(app, sessions, ".sessions");
  graph.edge(app, pricing, ".Pricing");
  graph.edge(pricing, cache, ".quote");
  for (int i = 0; i < 10; ++i) {
    const auto session = graph.object("app.Session", 50);
    const auto price = graph.object("app.Pricing", 50);
    graph.item(sessions, graph.object("str", 1), session);
    graph.edge(cache, price, "[0]");
    graph.edge(price, session, ".session");
  }
  const HeapGraph heap = graph.build();
  const auto groups = shared_groups(heap, dominators(heap), 1);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].holders == std::vector<std::uint32_t>{sessions, cache});
}

TEST_CASE("what four hold is no group, and what a guess refers to is nobody else's") {
  SmallGraph graph;
  const auto app = add_module(graph, "app");
  const auto shared = graph.object("bytes", 500);
  for (int i = 0; i < 4; ++i) {
    const auto list = graph.object("list", 10);
    graph.edge(app, list, ".list" + std::to_string(i));
    graph.edge(list, shared, "[0]");
  }
  graph.root(shared, RootKind::frame, "thread 7 frame f() at a.py:1 stack 0", RootHold::inferred);
  const HeapGraph heap = graph.build();
  CHECK(shared_groups(heap, dominators(heap), 1).empty());
}

// A group is what is lost where all its holders are deleted, and with none of them alone.
TEST_CASE("on random graphs no object of a group is left when its holders are deleted") {
  std::mt19937 random(11);
  const auto below = [&](std::size_t n) {
    return static_cast<std::uint32_t>(std::uniform_int_distribution<std::size_t>(0, n - 1)(random));
  };
  std::size_t groups_seen = 0;
  for (int round = 0; round < 300; ++round) {
    SmallGraph graph;
    const std::uint32_t objects = 5 + below(30);
    for (std::uint32_t i = 0; i < objects; ++i) graph.object("app.Thing", 8 + below(100));
    for (std::uint32_t i = objects + below(objects); i > 0; --i) {
      graph.edge(below(objects), below(objects), ".x");
    }
    graph.root(0, RootKind::module, "module a");
    graph.root(1, RootKind::module, "module b");
    const HeapGraph heap = graph.build();
    const Dominators tree = dominators(heap);
    const auto reached_without = [&](const std::vector<std::uint32_t>& without) {
      std::vector<bool> reached(objects);
      std::vector<std::uint32_t> waiting;
      const auto is_gone = [&](std::uint32_t node) {
        return std::find(without.begin(), without.end(), node) != without.end();
      };
      for (const RootEdge& edge : tree.used) {
        if (!is_gone(tree.owner_node(edge.owner))) {
          waiting.push_back(static_cast<std::uint32_t>(edge.to));
        }
      }
      while (!waiting.empty()) {
        const std::uint32_t at = waiting.back();
        waiting.pop_back();
        if (reached[at] || is_gone(at)) continue;
        reached[at] = true;
        for (std::uint64_t r = heap.reference_begin[at]; r < heap.reference_begin[at + 1]; ++r) {
          waiting.push_back(static_cast<std::uint32_t>(heap.reference_to[r]));
        }
      }
      return reached;
    };
    for (const SharedGroup& group : shared_groups(heap, tree, 0)) {
      ++groups_seen;
      REQUIRE(group.holders.size() >= 2);
      CHECK_FALSE(reached_without(group.holders)[index(group.example)]);
      for (const std::uint32_t holder : group.holders) {
        CHECK(reached_without({holder})[index(group.example)]);
      }
      std::uint64_t lost = 0;
      const std::vector<bool> left = reached_without(group.holders);
      for (std::uint32_t i = 0; i < objects; ++i) lost += left[i] ? 0 : heap.footprint[i];
      for (const std::uint32_t holder : group.holders) lost -= tree.bytes[holder];
      CHECK(group.bytes <= lost);
    }
  }
  CHECK(groups_seen > 100);
}

TEST_CASE("referrers are counted by what they are and how they refer") {
  SmallGraph graph;
  const auto list = graph.object("list");
  const auto dict = graph.object("dict");
  std::vector<ObjectId> wanted;
  for (int i = 0; i < 5; ++i) {
    const auto thing = graph.object("app.Thing");
    wanted.push_back(ObjectId{thing});
    graph.edge(list, thing, "[" + std::to_string(i) + "]");
    if (i == 0) graph.edge(list, thing, "[9]");
    if (i < 2) graph.item(dict, graph.object("str"), thing);
  }
  graph.root(static_cast<std::uint32_t>(wanted[0]), RootKind::frame, "thread 7 frame f() local x");
  const HeapGraph heap = graph.build();
  const Referrers found = referrers(heap, wanted);
  REQUIRE(found.kinds.size() == 2);
  CHECK(index(found.kinds[0].example) == list);
  CHECK(found.kinds[0].references == 6);
  CHECK(found.kinds[0].objects == 5);
  CHECK(found.kinds[1].references == 2);
  REQUIRE(found.roots.size() == 1);
  CHECK(found.roots[0].objects == 1);
  CHECK(found.references == 8);
}
