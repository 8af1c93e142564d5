// inspector/analysis/dominators.h: what goes with an object, against deleting it and looking.
#include "inspector/analysis/dominators.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "tests/support/small_graph.h"

using namespace heapglass;

namespace {

// What is reached from the virtual root where `without` is not there.
std::vector<bool> reached_without(const HeapGraph& graph, const Dominators& tree,
                                  std::uint32_t without) {
  std::vector<bool> reached(tree.root() + 1U);
  std::vector<std::uint32_t> waiting;
  const auto reach = [&](std::uint32_t node) {
    if (node == without || reached[node]) return;
    reached[node] = true;
    waiting.push_back(node);
  };
  const auto follow = [&] {
    while (!waiting.empty()) {
      const std::uint32_t at = waiting.back();
      waiting.pop_back();
      for (std::uint64_t r = graph.reference_begin[at]; r < graph.reference_begin[at + 1]; ++r) {
        reach(static_cast<std::uint32_t>(graph.reference_to[r]));
      }
    }
  };
  // Which edges from owners count is told by the whole graph, with nothing left out.
  std::vector<bool> objects(graph.size());
  std::vector<RootEdge> edges;
  for (std::size_t level = 0; level < kRootLevels; ++level) {
    const auto more = level_edges(graph, tree.roots, static_cast<RootLevel>(level), objects);
    edges.insert(edges.end(), more.begin(), more.end());
    std::vector<std::size_t> next;
    for (const RootEdge& edge : more) next.push_back(index(edge.to));
    while (!next.empty()) {
      const std::size_t at = next.back();
      next.pop_back();
      if (objects[at]) continue;
      objects[at] = true;
      for (std::uint64_t r = graph.reference_begin[at]; r < graph.reference_begin[at + 1]; ++r) {
        next.push_back(index(graph.reference_to[r]));
      }
    }
  }
  for (std::size_t i = 0; i < objects.size(); ++i) REQUIRE(objects[i]);
  if (without == tree.root()) return reached;
  for (std::uint32_t i = 0; i < tree.roots.owners.size(); ++i) {
    if (tree.owner_node(i) != without) reached[tree.owner_node(i)] = true;
  }
  for (const RootEdge& edge : edges) {
    if (tree.owner_node(edge.owner) != without) reach(static_cast<std::uint32_t>(edge.to));
  }
  follow();
  return reached;
}

void check_against_deletion(const HeapGraph& graph) {
  const Dominators tree = dominators(graph);
  for (std::uint32_t node = 0; node < tree.root(); ++node) {
    const std::vector<bool> left = reached_without(graph, tree, node);
    std::uint64_t bytes = 0;
    std::uint64_t objects = 0;
    std::set<std::uint32_t> gone;
    for (std::uint32_t i = 0; i < graph.size(); ++i) {
      if (left[i]) continue;
      ++objects;
      bytes += graph.footprint[i];
      gone.insert(i);
    }
    REQUIRE(tree.bytes[node] == bytes);
    REQUIRE(tree.retained_objects(node) == objects);
    std::set<std::uint32_t> below;
    for (std::uint32_t at = tree.position[node]; at < tree.position[node] + tree.nodes[node];
         ++at) {
      if (tree.is_object(tree.preorder[at])) below.insert(tree.preorder[at]);
    }
    REQUIRE(below == gone);
    std::uint64_t children = 0;
    tree.for_each_child(node, [&](std::uint32_t child) {
      CHECK(tree.dominator[child] == node);
      children += tree.nodes[child];
    });
    REQUIRE(children + 1 == tree.nodes[node]);
  }
}

HeapGraph random_graph(std::mt19937& random, bool sparse) {
  const auto below = [&](std::size_t n) {
    return static_cast<std::uint32_t>(std::uniform_int_distribution<std::size_t>(0, n - 1)(random));
  };
  SmallGraph graph;
  const std::uint32_t objects = 2 + below(40);
  for (std::uint32_t i = 0; i < objects; ++i) graph.object("app.Thing", 8 + 8 * below(10));
  const std::uint32_t edges = below(sparse ? objects + objects / 2 : objects * 4);
  for (std::uint32_t i = 0; i < edges; ++i) graph.edge(below(objects), below(objects), ".x");
  const std::pair<RootKind, const char*> kinds[] = {
      {RootKind::module, "module app"},
      {RootKind::module, "module lib"},
      {RootKind::frame, "thread 1 \"MainThread\" frame f() at a.py:1 local x"},
      {RootKind::frame, "thread 1 \"MainThread\" frame f() at a.py:1 local y"},
      {RootKind::thread, "thread 2 \"worker\" thread-locals"},
      {RootKind::interned, "interned strings"},
      {RootKind::static_type, "static type T"}};
  for (std::uint32_t i = below(6); i > 0; --i) {
    const auto& [kind, name] = kinds[below(std::size(kinds))];
    const bool guess = kind == RootKind::frame && below(3) == 0;
    graph.root(below(objects), kind, name, guess ? RootHold::inferred : RootHold::owned);
  }
  if (below(3) == 0) graph.more_references(below(objects), 1);
  if (below(8) == 0) graph.flag(below(objects), HeapGraph::kImmortal);
  return graph.build();
}

std::uint64_t retained(const Dominators& tree, OwnerKind kind, std::string_view name) {
  for (std::size_t i = 0; i < tree.roots.owners.size(); ++i) {
    const Owner& owner = tree.roots.owners[i];
    if (owner.kind == kind && owner.name == name) return tree.bytes[tree.owner_node(i)];
  }
  return 0;
}

}  // namespace

TEST_CASE("retained sizes are what becomes unreachable where the object is deleted") {
  std::mt19937 random(7);
  for (int i = 0; i < 600; ++i) check_against_deletion(random_graph(random, i % 2 == 0));
}

TEST_CASE("an object that two hold is neither's") {
  SmallGraph graph;
  const auto first = graph.object("list", 100);
  const auto second = graph.object("list", 200);
  const auto shared = graph.object("str", 1000);
  const auto own = graph.object("str", 10);
  graph.edge(first, shared, "[0]");
  graph.edge(first, own, "[1]");
  graph.edge(second, shared, "[0]");
  graph.root(first, RootKind::module, "module a");
  graph.root(second, RootKind::module, "module b");
  const Dominators tree = dominators(graph.build());
  CHECK(tree.bytes[first] == 110);
  CHECK(tree.bytes[second] == 200);
  CHECK(tree.dominator[shared] == tree.root());
  CHECK(retained(tree, OwnerKind::module, "module a") == 110);
}

TEST_CASE("a thread owns what its frames hold together") {
  SmallGraph graph;
  const auto rows = graph.object("list", 100);
  const auto row = graph.object("str", 10);
  graph.edge(rows, row, "[0]");
  graph.root(rows, RootKind::frame, "thread 7 \"w\" frame load() at jobs.py:12 local rows");
  graph.root(row, RootKind::frame, "thread 7 \"w\" frame load() at jobs.py:12 local row");
  const Dominators tree = dominators(graph.build());
  CHECK(tree.bytes[rows] == 100);
  CHECK(retained(tree, OwnerKind::thread, "thread 7 \"w\"") == 110);
}

TEST_CASE("interned, static and guessed roots hold only what no named root leads to") {
  SmallGraph graph;
  const auto cache = graph.object("dict", 100);
  const auto key = graph.object("str", 10);
  const auto loose = graph.object("str", 20);
  const auto left_over = graph.object("list", 40);
  graph.item(cache, key, cache);
  graph.root(cache, RootKind::module, "module a");
  graph.root(key, RootKind::interned, "interned strings", RootHold::borrowed);
  graph.root(loose, RootKind::interned, "interned strings", RootHold::borrowed);
  graph.root(key, RootKind::frame, "thread 7 frame f() at a.py:1 stack 0", RootHold::inferred);
  graph.root(left_over, RootKind::frame, "thread 7 frame f() at a.py:1 stack 1",
             RootHold::inferred);
  const Dominators tree = dominators(graph.build());
  CHECK(tree.bytes[cache] == 110);
  CHECK(retained(tree, OwnerKind::interned, "interned strings") == 20);
  CHECK(retained(tree, OwnerKind::thread, "thread 7") == 40);
}

TEST_CASE("an owner that a later level comes back to, with nothing new below it") {
  SmallGraph graph;
  const auto shared = graph.object("frame", 10);
  const auto left_over = graph.object("app.Row", 20);
  const auto inner = graph.object("app.Row", 30);
  graph.edge(left_over, inner, ".inner");
  graph.root(shared, RootKind::thread, "thread 1 thread-locals");
  graph.root(shared, RootKind::thread, "thread 2 thread-locals");
  graph.root(left_over, RootKind::frame, "thread 3 frame f() at a.py stack 0", RootHold::inferred);
  graph.root(inner, RootKind::frame, "thread 2 frame f() at a.py stack 0", RootHold::inferred);
  const Dominators tree = dominators(graph.build());
  CHECK(tree.dominator[inner] == tree.root());
  CHECK(tree.bytes[left_over] == 20);
  CHECK(retained(tree, OwnerKind::thread, "thread 3") == 20);
  CHECK(retained(tree, OwnerKind::thread, "thread 2") == 0);
}

TEST_CASE("what nothing holds is garbage or native code's") {
  SmallGraph graph;
  const auto one = graph.object("app.Node", 10);
  const auto other = graph.object("app.Node", 20);
  const auto big = graph.object("bytes", 1000);
  const auto lost = graph.object("bytes", 300);
  const auto kept = graph.object("app.Node", 40);
  graph.edge(one, other, ".peer");
  graph.edge(other, one, ".peer");
  graph.edge(other, big, ".data");
  graph.more_references(lost, 1);
  graph.edge(kept, kept, ".itself");
  graph.more_references(kept, 1);
  const Dominators tree = dominators(graph.build());
  CHECK(retained(tree, OwnerKind::garbage, "garbage") == 1030);
  CHECK(retained(tree, OwnerKind::orphan, "orphans") == 300);
  CHECK(retained(tree, OwnerKind::native, "native code") == 40);
  CHECK(tree.bytes[other] >= 1020);
}

TEST_CASE("an empty heap, and one without roots") {
  CHECK(dominators(SmallGraph().build()).objects == 0);
  SmallGraph graph;
  graph.object("str", 16);
  const Dominators tree = dominators(graph.build());
  CHECK(tree.bytes[tree.root()] == 16);
}

TEST_CASE("a chain of ten million takes no stack, whichever end it is held by") {
  constexpr std::uint32_t kLength = 10'000'000;
  HeapGraph graph;
  graph.types.push_back({0x10, "list", "builtins"});
  graph.address.resize(kLength);
  graph.type.resize(kLength);
  graph.footprint.resize(kLength);
  graph.refcount.resize(kLength);
  graph.flags.resize(kLength);
  graph.reference_begin.resize(kLength + 1);
  for (std::uint32_t i = 0; i < kLength; ++i) {
    graph.address[i] = 16 * std::uint64_t{i};
    graph.type[i] = TypeId{0};
    graph.footprint.put(i, 1);
    graph.refcount[i] = 1;
    graph.flags[i] = 0;
    graph.reference_begin[i] = i;
    if (i + 1 < kLength) graph.reference_to.push_back(ObjectId{i + 1});
  }
  graph.reference_begin[kLength] = kLength - 1;
  graph.edge.resize(kLength - 1);
  std::fill(graph.edge.begin(), graph.edge.end(),
            edge_code(ReferenceKind::collector, LabelKind::item, 0));
  const Dominators garbage = dominators(graph);
  CHECK(garbage.bytes[0] == kLength);
  graph.root_names = {"module m", "module n"};
  graph.roots = {{ObjectId{0}, 0, RootKind::module, RootHold::owned},
                 {ObjectId{kLength / 2}, 1, RootKind::module, RootHold::owned}};
  const Dominators tree = dominators(graph);
  CHECK(tree.bytes[0] == kLength / 2);
  CHECK(tree.bytes[kLength - 1] == 1);
}
