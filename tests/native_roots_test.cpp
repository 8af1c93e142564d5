// inspector/analysis/native_roots.h: what only native code holds.
#include "inspector/analysis/native_roots.h"

#include <doctest/doctest.h>

#include "inspector/graph/edge.h"

using namespace heapglass;

namespace {

struct Graph : HeapGraph {
  // An object with a count, and what it refers to.
  std::uint32_t object(std::uint32_t count, const std::vector<std::uint32_t>& to,
                       std::uint8_t object_flags = 0) {
    if (reference_begin.empty()) reference_begin.push_back(0);
    address.push_back(0x1000 + 16 * address.size());
    refcount.push_back(count);
    flags.push_back(object_flags);
    for (const std::uint32_t target : to) {
      reference_to.push_back(ObjectId{target});
      edge.push_back(edge_code(ReferenceKind::collector, LabelKind::item, 0));
    }
    reference_begin.push_back(reference_to.size());
    return static_cast<std::uint32_t>(address.size() - 1);
  }
  void root(std::uint32_t to, RootKind kind, RootHold hold = RootHold::owned) {
    roots.push_back({ObjectId{to}, 0, kind, hold});
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> native() const {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> result;
    for (const NativeRoot& one : native_roots(*this)) {
      result.emplace_back(static_cast<std::uint32_t>(one.to), one.references);
    }
    return result;
  }
};

}  // namespace

TEST_CASE("an object that no root leads to and whose count is not explained is held natively") {
  Graph graph;
  graph.object(1, {1});     // 0: a root's
  graph.object(1, {});      // 1
  graph.object(3, {3, 2});  // 2: held by itself once, and twice by something unknown
  graph.object(1, {});      // 3: only by 2
  graph.root(0, RootKind::module);
  using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  CHECK(graph.native() == Pairs{{2, 2}});
}

TEST_CASE("a borrowed reference explains no count") {
  Graph graph;
  graph.object(1, {1});  // 0: nobody known holds it
  graph.object(1, {});   // 1: its one reference is another's
  graph.edge[0] = edge_code(ReferenceKind::borrowed, LabelKind::item, 0);
  using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  CHECK(graph.native() == Pairs{{0, 1}, {1, 1}});
}

TEST_CASE("a ring that nothing holds is garbage, and no root") {
  Graph graph;
  graph.object(1, {1});
  graph.object(1, {0});
  CHECK(graph.native().empty());
}

TEST_CASE("what a named root, an interned string's or a static type's leads to is not native") {
  for (const RootKind kind : {RootKind::frame, RootKind::interned, RootKind::static_type}) {
    Graph graph;
    graph.object(5, {1});
    graph.object(5, {});
    graph.root(0, kind, RootHold::borrowed);
    CHECK(graph.native().empty());
  }
}

TEST_CASE("immortal objects are nobody's, and uncounted references explain nothing") {
  Graph graph;
  graph.object(9, {}, HeapGraph::kImmortal);
  graph.object(0, {2}, HeapGraph::kUncounted);
  graph.object(1, {});
  using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  CHECK(graph.native() == Pairs{{2, 1}});
}
