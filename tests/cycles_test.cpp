// inspector/analysis/garbage.h, components.h, cycles.h: what the collector would find, and cycles
// as they are told.
#include "inspector/analysis/cycles.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "cli/render/cycles.h"
#include "inspector/analysis/components.h"
#include "inspector/analysis/cut.h"
#include "inspector/analysis/garbage.h"
#include "inspector/graph/edge.h"

using namespace heapglass;

namespace {

constexpr std::uint8_t kTracked = HeapGraph::kTracked | HeapGraph::kCollectable;

struct Heap : HeapGraph {
  std::uint32_t object(const std::string& name, std::uint8_t with = kTracked) {
    std::size_t t = 0;
    while (t < types.size() && types[t].name != name) ++t;
    if (t == types.size()) types.push_back({0x10, name, "app"});
    types[t].is_class = name == "type";
    address.push_back(0x1000 + 16 * address.size());
    type.push_back(static_cast<TypeId>(t));
    bytes.push_back(10);
    footprint.push_back(16);
    refcount.push_back(0);
    flags.push_back(with);
    return static_cast<std::uint32_t>(address.size() - 1);
  }
  void refer(std::uint32_t from, const std::string& label, std::uint32_t to,
             ReferenceKind kind = ReferenceKind::collector) {
    std::size_t name = 0;
    while (name < names.size() && names[name] != label) ++name;
    if (name == names.size()) names.push_back(label);
    // As name_references() leaves them.
    const bool attribute = label.starts_with('.') && !label.starts_with(".__");
    const LabelKind sort = label == "[]" ? LabelKind::item
                           : attribute   ? LabelKind::attribute
                                         : LabelKind::field;
    rows_.resize(std::max<std::size_t>(rows_.size(), from + 1));
    rows_[from].emplace_back(to, edge_code(kind, sort, sort == LabelKind::item ? 0 : name));
    ++refcount[to];
  }
  void hold(std::uint32_t object) { ++refcount[object]; }  // from outside
  // n objects in a ring.
  std::vector<std::uint32_t> ring(std::size_t n, const std::string& name = "Node") {
    std::vector<std::uint32_t> nodes;
    for (std::size_t i = 0; i < n; ++i) nodes.push_back(object(name));
    for (std::size_t i = 0; i < n; ++i) refer(nodes[i], ".next", nodes[(i + 1) % n]);
    return nodes;
  }
  const HeapGraph& graph() {
    reference_begin.assign(1, 0);
    reference_to.clear();
    edge.clear();
    rows_.resize(size());
    for (const auto& row : rows_) {
      for (const auto& [to, code] : row) {
        reference_to.push_back(ObjectId{to});
        edge.push_back(code);
      }
      reference_begin.push_back(reference_to.size());
    }
    pooled = size();
    return *this;
  }

 private:
  std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> rows_;
};

std::vector<std::uint32_t> members(const IdSet& set) {
  std::vector<std::uint32_t> all;
  set.for_each([&](std::size_t i) { all.push_back(static_cast<std::uint32_t>(i)); });
  return all;
}

using Ids = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("a ring that nothing holds is garbage, with what hangs off it and rings that it holds") {
  Heap heap;
  const auto a = heap.ring(2), b = heap.ring(3);
  const auto list = heap.object("list"), inner = heap.object("list");
  heap.refer(a[0], ".other", b[0]);
  heap.refer(b[1], ".items", list);
  heap.refer(list, "[]", inner);
  const Garbage garbage = find_garbage(heap.graph());
  CHECK(members(garbage.objects) == Ids{0, 1, 2, 3, 4, 5, 6});
  CHECK(garbage.count == 7);
  CHECK(garbage.collected == 7);
  CHECK(garbage.bytes == 70);
  CHECK(garbage.legacy_count == 0);
}

TEST_CASE("what is held from outside is alive, with all that it reaches") {
  Heap heap;
  const auto a = heap.ring(2), b = heap.ring(3), c = heap.ring(1);
  heap.hold(a[1]);
  heap.refer(a[0], ".other", b[0]);
  CHECK(members(find_garbage(heap.graph()).objects) == c);
}

TEST_CASE("a reference that the collector is not shown keeps alive") {
  SUBCASE("from an untracked object, although garbage holds that") {
    Heap heap;
    const auto ring = heap.ring(2), island = heap.ring(2);
    const auto tuple = heap.object("tuple", HeapGraph::kCollectable);
    heap.refer(ring[0], ".pair", tuple);
    heap.refer(tuple, "[]", island[0]);
    CHECK(members(find_garbage(heap.graph()).objects) == ring);
  }
  SUBCASE("owned") {
    Heap heap;
    const auto ring = heap.ring(2), other = heap.ring(2);
    heap.refer(ring[0], "<hidden>", other[0], ReferenceKind::owned);
    CHECK(members(find_garbage(heap.graph()).objects) == ring);
  }
  SUBCASE("inferred") {
    Heap heap;
    const auto ring = heap.ring(2), other = heap.ring(2);
    heap.refer(ring[0], "<+24>", other[0], ReferenceKind::inferred);
    CHECK(members(find_garbage(heap.graph()).objects) == ring);
  }
}

TEST_CASE("frozen and immortal objects are no candidates, and what they hold is alive") {
  for (const std::uint8_t aside : {HeapGraph::kFrozen, HeapGraph::kImmortal}) {
    Heap heap;
    const auto ring = heap.ring(2), held = heap.ring(2), free = heap.ring(2);
    heap.flags[ring[0]] |= aside;
    heap.refer(ring[0], ".held", held[0]);
    CHECK(members(find_garbage(heap.graph()).objects) == free);
  }
}

TEST_CASE("a legacy finalizer keeps what it reaches, not what reaches it") {
  Heap heap;
  const auto ring = heap.ring(2, "Legacy"), before = heap.ring(2), after = heap.ring(2);
  heap.types[0].finalizer = Finalizer::legacy;
  heap.refer(before[0], ".to", ring[0]);
  heap.refer(ring[1], ".to", after[0]);
  const Garbage garbage = find_garbage(heap.graph());
  CHECK(garbage.count == 6);
  CHECK(members(garbage.legacy) == Ids{ring[0], ring[1], after[0], after[1]});
  CHECK(garbage.legacy_count == 4);
}

TEST_CASE("what only the frame of a closed generator holds is not counted by gc.collect()") {
  Heap heap;
  const auto generator = heap.object("generator"), list = heap.object("list");
  const auto inner = heap.object("list"), shared = heap.object("list");
  const auto ring = heap.ring(1);
  heap.flags[generator] |= HeapGraph::kClosed;
  heap.refer(generator, "local holder", list);
  heap.refer(list, "[]", generator);
  heap.refer(list, "[]", inner);
  heap.refer(list, "[]", shared);
  heap.refer(ring[0], ".shared", shared);
  const Garbage garbage = find_garbage(heap.graph());
  CHECK(garbage.count == 5);
  // The generator goes with the list that held it.
  CHECK(garbage.collected == 2);
}

TEST_CASE("weak entries of garbage are counted besides") {
  Heap heap;
  const auto ring = heap.ring(1), alive = heap.ring(1);
  const auto first = heap.object("weakref"), second = heap.object("weakref");
  heap.hold(alive[0]);
  heap.hold(first);
  heap.hold(second);
  const std::vector<WeakEntry> entries{{ObjectId{first}, ObjectId{ring[0]}},
                                       {ObjectId{second}, ObjectId{alive[0]}}};
  CHECK(find_garbage(heap.graph(), entries).collected == 2);
  heap.hold(first);  // by somebody else too: its callback frees nothing
  CHECK(find_garbage(heap.graph(), entries).collected == 1);
}

TEST_CASE("components are those of a brute-force search, on random graphs") {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    const std::size_t n = 1 + random() % 12;
    const std::size_t m = random() % (2 * n + 1);
    std::vector<std::vector<bool>> reach(n, std::vector<bool>(n));
    Heap heap;
    for (std::size_t i = 0; i < n; ++i) heap.object("Node");
    for (std::size_t i = 0; i < m; ++i) {
      const auto from = static_cast<std::uint32_t>(random() % n);
      const auto to = static_cast<std::uint32_t>(random() % n);
      heap.refer(from, ".x", to);
      reach[from][to] = true;
    }
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
          if (reach[i][k] && reach[k][j]) reach[i][j] = true;
        }
      }
    }
    std::vector<Ids> expected;
    for (std::uint32_t i = 0; i < n; ++i) {
      Ids component;
      for (std::uint32_t j = 0; j < n; ++j) {
        if (reach[i][j] && reach[j][i]) component.push_back(j);
      }
      if (!component.empty() && component.front() == i) expected.push_back(component);
    }
    IdSet all(n);
    for (std::size_t i = 0; i < n; ++i) all.insert(i);
    const Subgraph part =
        cyclic_part(heap.graph(), all, [](std::size_t, std::uint64_t) { return true; });
    const Components components = strong_components(part);
    std::vector<Ids> found;
    for (std::size_t c = 0; c < components.size(); ++c) {
      Ids& component = found.emplace_back();
      for (const std::uint32_t node : components.of(c)) {
        component.push_back(static_cast<std::uint32_t>(part.objects[node]));
      }
    }
    CHECK(found == expected);
  }
}

TEST_CASE("ten million levels deep, closed to one ring") {
  constexpr std::uint32_t kLevels = 10'000'000;
  Subgraph part;
  part.objects.resize(kLevels);
  for (std::uint32_t i = 0; i < kLevels; ++i) {
    part.to.push_back((i + 1) % kLevels);
    part.begin.push_back(i + 1);
  }
  CHECK(strong_components(part).of(0).size() == kLevels);
}

TEST_CASE("live rings of one kind are one entry, whose example is named") {
  Heap heap;
  for (int i = 0; i < 5; ++i) heap.hold(heap.ring(3)[0]);
  const CycleReport report = find_cycles(heap.graph(), {});
  REQUIRE(report.groups.size() == 1);
  const CycleGroup& group = report.groups[0];
  CHECK(group.count == 5);
  CHECK(group.objects == 15);
  CHECK(group.bytes == 150);
  CHECK_FALSE(group.garbage);
  CHECK(group.signature == "Node -> Node -> Node -> Node");
  CHECK(group.types == std::map<std::string, std::uint64_t>{{"Node", 15}});
  CHECK(group.example.size() == 3);
  CHECK(report.garbage.count == 0);
}

TEST_CASE("an object's own dict on the way to an attribute is passed over, another is not") {
  Heap heap;
  const auto node = heap.object("Node"), own = heap.object("dict"), items = heap.object("dict");
  heap.hold(node);
  heap.refer(node, ".__dict__", own);
  heap.refer(own, ".children", items);
  heap.refer(items, "[]", node);
  const CycleReport report = find_cycles(heap.graph(), {});
  REQUIRE(report.groups.size() == 1);
  CHECK(report.groups[0].signature == "Node -> dict -> Node");
  CHECK(report.groups[0].objects == 3);
  REQUIRE(report.groups[0].example.size() == 2);
  CHECK(report.groups[0].example[0].holder == ObjectId{own});
}

TEST_CASE("structural references close no cycle, unless all are asked for") {
  Heap heap;
  const auto type = heap.object("type"), dict = heap.object("dict"),
             function = heap.object("function");
  const auto module = heap.object("module"), globals = heap.object("dict");
  const auto node = heap.object("Node");
  heap.hold(module);
  heap.refer(module, ".__dict__", globals);
  heap.refer(globals, ".Class", type);
  heap.refer(globals, ".node", node);
  heap.refer(node, ".__class__", type);
  heap.refer(type, ".__dict__", dict);
  heap.refer(dict, ".method", function);
  heap.refer(function, ".__globals__", globals);
  CHECK(find_cycles(heap.graph(), {}).groups.empty());
  CHECK(find_cycles(heap.graph(), {}).structural.count == 0);
  const CycleReport all = find_cycles(heap.graph(), {.all = true});
  REQUIRE(all.groups.size() == 1);
  CHECK(all.groups[0].objects == 5);  // the module is in no cycle
}

TEST_CASE(
    "a class that its own method holds is one structural cycle; with an instance it is told") {
  Heap heap;
  const auto type = heap.object("type"), dict = heap.object("dict"),
             function = heap.object("function");
  const auto cell = heap.object("cell");
  heap.hold(type);
  heap.refer(type, ".__dict__", dict);
  heap.refer(dict, ".method", function);
  heap.refer(function, ".__closure__", cell);
  heap.refer(cell, ".cell_contents", type);
  CHECK(find_cycles(heap.graph(), {}).structural.objects == 4);
  CHECK(find_cycles(heap.graph(), {}).groups.empty());
  const auto node = heap.object("Node");
  heap.refer(dict, ".default", node);
  heap.refer(node, ".made_by", type);
  CHECK(find_cycles(heap.graph(), {}).structural.count == 0);
  CHECK(find_cycles(heap.graph(), {}).groups.size() == 1);
}

TEST_CASE("a pattern keeps the cycles that have such an object") {
  Heap heap;
  heap.hold(heap.ring(2, "app.A")[0]);
  heap.hold(heap.ring(2, "app.B")[0]);
  CHECK(find_cycles(heap.graph(), {.type_pattern = "*.B"}).groups.size() == 1);
  CHECK(find_cycles(heap.graph(), {.type_pattern = "C"}).groups.empty());
}

TEST_CASE("a cycle through what the collector is not shown is one that it cannot free") {
  Heap heap;
  const auto row = heap.object("Row", 0), dict = heap.object("dict");
  heap.hold(row);
  heap.refer(row, "<data>", dict, ReferenceKind::owned);
  heap.refer(dict, "[]", row);
  REQUIRE(find_cycles(heap.graph(), {}).groups.size() == 1);
  CHECK(find_cycles(heap.graph(), {}).groups[0].unseen == 1);
}

TEST_CASE("a component of many objects is told by the references that break it") {
  Heap heap;
  const auto root = heap.object("Node");
  heap.hold(root);
  for (int i = 0; i < 12'000; ++i) {
    const auto child = heap.object("Node");
    heap.refer(root, ".children", child);
    heap.refer(child, ".parent", root);
  }
  const CycleReport report = find_cycles(heap.graph(), {});
  REQUIRE(report.groups.size() == 1);
  REQUIRE(report.groups[0].breakers.size() == 1);
  CHECK(report.groups[0].breakers[0].kind == "Node.parent");
  CHECK(report.groups[0].breakers[0].references == 12'000);
  CHECK(report.groups[0].breakers[0].largest_left == 0);
}

TEST_CASE("the reference to cut is the one that usually is") {
  using Labels = std::vector<std::string>;
  CHECK(choose_cut(Labels{".children", "[0]", "._parent"}).step == 2);
  CHECK(choose_cut(Labels{".children", "[0]", "._parent"}).reason == "parent link");
  CHECK(choose_cut(Labels{".__traceback__", ".tb_frame", "local parent"}).reason == "traceback");
  CHECK(choose_cut(Labels{".on_close", ".__self__"}).reason == "callback");
  CHECK(choose_cut(Labels{".__closure__", "[0]", ".cell_contents"}).reason == "closure");
  CHECK(choose_cut(Labels{"[0]", ".__mro__"}).reason == "class");
  CHECK(choose_cut(Labels{".a", "[1]"}).step == 0);
  CHECK(choose_cut(Labels{"[0]", "[1]"}).step == 1);
  CHECK(choose_cut(Labels{".apparent", ".b"}).reason == "last");
}

TEST_CASE("a drawing names objects and references, and lets nothing out of its quotes") {
  Heap heap;
  const auto ring = heap.ring(1, "app.A\"];\\");
  heap.hold(ring[0]);
  const HeapGraph& graph = heap.graph();
  const std::string dot = cycles_dot(graph, find_cycles(graph, {}), 20);
  CHECK(dot.find("label=\"app.A\\\"];\\\\\"];\n") != std::string::npos);
  CHECK(dot.find("c1_0 -> c1_0 [label=\".next\", color=red") != std::string::npos);
}
