// inspector/analysis/shortest_paths.h, path_text.h, path_shapes.h: why an object is alive.
#include <doctest/doctest.h>

#include <random>

#include "inspector/analysis/path_shapes.h"
#include "inspector/analysis/path_text.h"
#include "inspector/analysis/shortest_paths.h"
#include "tests/support/small_graph.h"

using namespace heapglass;

namespace {

// With instances.
struct Program : SmallGraph {
  // With its __dict__, which is returned in `attributes`.
  std::uint32_t instance(const std::string& type, std::uint32_t& attributes) {
    const std::uint32_t made = object(type);
    attributes = object("dict");
    edge(made, attributes, ".__dict__");
    return made;
  }
};

std::string path_of(const HeapGraph& graph, std::uint32_t object) {
  const ShortestPaths paths = shortest_paths(graph);
  if (!paths.has(ObjectId{object})) return "none";
  return path_text(graph, path_to(graph, paths, ObjectId{object}));
}

}  // namespace

TEST_CASE("an instance, its dict and a key are one step") {
  Program program;
  const auto shop = program.module("shop");
  std::uint32_t attributes = 0;
  std::uint32_t order_attributes = 0;
  const auto registry = program.instance("shop.Registry", attributes);
  const auto open = program.object("dict");
  const auto order = program.instance("shop.Order", order_attributes);
  const auto lines = program.object("list");
  const auto line = program.object("shop.Line");
  const auto key = program.object("str");
  program.edge(shop, registry, ".registry");
  program.edge(attributes, open, "._open");
  program.item(open, key, order);
  program.edge(order_attributes, lines, ".lines");
  program.edge(lines, line, "[3]");
  const HeapGraph graph = program.build();
  CHECK(path_of(graph, line) == "shop.registry._open[<str>].lines[3]");
  CHECK(path_of(graph, registry) == "shop.registry");
  CHECK(path_of(graph, attributes) == "shop.registry.__dict__");
  CHECK(path_of(graph, key) == "shop.registry._open \u2192 key");
  const ShortestPaths paths = shortest_paths(graph);
  const Path path = path_to(graph, paths, ObjectId{line});
  const std::string with_text =
      path_text(graph, path, [](ObjectId) { return std::optional<std::string>("'A 7'"); });
  CHECK(with_text == "shop.registry._open['A 7'].lines[3]");
}

TEST_CASE("a cached method holds its self by a key") {
  Program program;
  const auto shop = program.module("shop");
  const auto invoice = program.object("type");
  const auto members = program.object("dict");
  const auto cache = program.object("functools._lru_cache_wrapper");
  const auto key = program.object("tuple");
  const auto self = program.object("shop.Invoice");
  const auto result = program.object("float");
  program.edge(shop, invoice, ".Invoice");
  program.edge(invoice, members, ".__dict__");
  program.edge(members, cache, ".total");
  program.item(cache, key, result);
  program.edge(key, self, "[0]");
  const HeapGraph graph = program.build();
  CHECK(path_of(graph, self) == "shop.Invoice.total (lru_cache) \u2192 key[0]");
  CHECK(path_of(graph, result) == "shop.Invoice.total (lru_cache) \u2192 result");
}

TEST_CASE("locals are told with their function, those of other threads with their thread") {
  Program program;
  const auto rows = program.object("list");
  const auto row = program.object("dict");
  const auto buffer = program.object("bytearray");
  const auto on_stack = program.object("bytes");
  program.edge(rows, row, "[0]");
  program.root(rows, RootKind::frame,
               "thread 7 \"MainThread\" frame load() at jobs.py:12 local rows");
  program.root(buffer, RootKind::frame, "thread 8 \"w-1\" frame run() at w.py:3 local buffer");
  program.root(on_stack, RootKind::frame, "thread 8 \"w-1\" frame run() at w.py:3 stack 2",
               RootHold::inferred);
  const HeapGraph graph = program.build();
  CHECK(path_of(graph, rows) == "local rows in load() at jobs.py:12");
  CHECK(path_of(graph, row) == "local rows in load() at jobs.py:12 \u2192 [0]");
  CHECK(path_of(graph, buffer) == "local buffer in run() at w.py:3, thread 8 \"w-1\"");
  CHECK(path_of(graph, on_stack) == "stack 2 of run() at w.py:3, thread 8 \"w-1\"");
}

TEST_CASE("up to 3.10 the frame is an object, and its local is told the same") {
  Program program;
  const auto frame = program.object("frame");
  const auto rows = program.object("list");
  const auto row = program.object("dict");
  program.edge(frame, rows, "local rows");
  program.edge(rows, row, "[0]");
  program.root(frame, RootKind::frame, "thread 7 \"MainThread\" frame load() at jobs.py:12");
  const HeapGraph graph = program.build();
  CHECK(path_of(graph, row) == "local rows in load() at jobs.py:12 \u2192 [0]");
  CHECK(path_of(graph, frame) == "frame load() at jobs.py:12");
}

TEST_CASE("what a suspended generator holds is its local") {
  Program program;
  const auto app = program.module("app");
  const auto generator = program.object("generator");
  const auto kept = program.object("list");
  const auto item = program.object("str");
  program.edge(app, generator, ".rows");
  program.edge(generator, kept, "local kept");
  program.edge(kept, item, "[1]");
  CHECK(path_of(program.build(), item) == "app.rows \u2192 local kept[1]");
}

TEST_CASE("what a task awaits is told as such, and a local in a cell as a local") {
  Program program;
  const auto app = program.module("app");
  const auto task = program.object("_asyncio.Task");
  const auto outer = program.object("coroutine");
  const auto inner = program.object("coroutine");
  const auto cell = program.object("cell");
  const auto kept = program.object("list");
  const auto item = program.object("str");
  const auto board = program.object("cell");
  const auto posts = program.object("list");
  program.edge(app, task, ".task");
  program.edge(task, outer, "._coro");
  program.edge(outer, inner, "<stack 0>");
  program.edge(inner, cell, "local kept");
  program.edge(cell, kept, ".cell_contents");
  program.edge(kept, item, "[0]");
  program.edge(board, posts, ".cell_contents");
  program.root(board, RootKind::frame,
               "thread 7 \"MainThread\" frame main() at a.py:2 local board");
  const HeapGraph graph = program.build();
  CHECK(path_of(graph, item) == "app.task._coro \u2192 await \u2192 local kept[0]");
  CHECK(path_of(graph, posts) == "local board in main() at a.py:2");
}

TEST_CASE("a threading.local's value is told as one") {
  Program program;
  const auto app = program.module("app");
  const auto local = program.object("_thread._local");
  const auto dummies = program.object("dict");
  const auto reference = program.object("weakref");
  const auto values = program.object("dict");
  const auto buffer = program.object("bytearray");
  program.edge(app, local, ".state");
  program.edge(local, dummies, "<dummies>");
  program.item(dummies, reference, values);
  program.edge(values, buffer, ".buffer");
  SUBCASE("of a thread that is gone") {
    CHECK(path_of(program.build(), buffer) == "app.state.buffer (thread-local)");
  }
  SUBCASE("of one that is known") {
    program.text(reference, "thread 7 \"w\"");
    CHECK(path_of(program.build(), buffer) == "app.state.buffer (thread-local of thread 7 \"w\")");
  }
}

TEST_CASE("context variables, coroutines and threads are told by their names") {
  Program program;
  const auto app = program.module("app");
  const auto context = program.object("_contextvars.Context");
  const auto node = program.object("hamt_bitmap_node");
  const auto variable = program.object("_contextvars.ContextVar");
  const auto name = program.object("str");
  const auto value = program.object("app.User");
  const auto outer = program.object("coroutine"), inner = program.object("coroutine");
  const auto outer_name = program.object("str"), inner_name = program.object("str");
  const auto body = program.object("bytes");
  program.root(context, RootKind::thread, "thread 7 \"w\" context");
  program.edge(context, node, "<variables>");
  program.item(node, variable, value);
  program.edge(variable, name, ".name");
  program.text(name, "user");
  program.edge(app, outer, ".started");
  program.edge(outer, outer_name, ".__qualname__");
  program.text(outer_name, "Server.handle");
  program.edge(outer, inner, "<stack 0>");
  program.edge(inner, inner_name, ".__qualname__");
  program.text(inner_name, "read");
  program.edge(inner, body, "local body");
  const HeapGraph graph = program.build();
  CHECK(path_of(graph, value) == "context of thread 7 \"w\" \u2192 [user]");
  CHECK(path_of(graph, body) == "app.started \u2192 await read() \u2192 local body in read()");
}

TEST_CASE("structure is on a path only where there is no other") {
  Program program;
  const auto app = program.module("app");
  const auto function = program.object("function");
  const auto other = program.object("dict");
  const auto value = program.object("list");
  const auto deep = program.object("list");
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  const auto first = program.instance("app.A", a);
  const auto second = program.instance("app.B", b);
  program.edge(app, function, ".helper");
  program.edge(function, other, ".__globals__");
  program.edge(other, value, ".value");
  program.edge(app, first, ".first");
  program.edge(a, second, ".second");
  program.edge(b, deep, ".deep");
  program.edge(deep, value, "[0]");
  CHECK(path_of(program.build(), value) == "app.first.second.deep[0]");
}

TEST_CASE("what only structure leads to has a path all the same") {
  Program program;
  const auto app = program.module("app");
  const auto function = program.object("function");
  const auto globals = program.object("dict");
  const auto value = program.object("list");
  program.edge(app, function, ".helper");
  program.edge(function, globals, ".__globals__");
  program.edge(globals, value, ".value");
  CHECK(path_of(program.build(), value) == "app.helper.__globals__.value");
}

TEST_CASE("a named root before a shorter one that says nothing") {
  Program program;
  const auto app = program.module("app");
  std::uint32_t attributes = 0;
  const auto holder = program.instance("app.Holder", attributes);
  const auto text = program.object("str");
  program.edge(app, holder, ".holder");
  program.edge(attributes, text, ".text");
  program.root(text, RootKind::interned, "interned strings", RootHold::borrowed);
  program.root(app, RootKind::interpreter, "sys.__dict__");
  program.root(text, RootKind::frame, "thread 7 frame f() at a.py:1 stack 0", RootHold::inferred);
  CHECK(path_of(program.build(), text) == "app.holder.text");
}

TEST_CASE("garbage has no path, and what native code holds has its") {
  Program program;
  program.module("app");
  const auto one = program.object("app.Node");
  const auto other = program.object("app.Node");
  const auto lost = program.object("list");
  const auto item = program.object("str");
  program.edge(one, other, ".peer");
  program.edge(other, one, ".peer");
  program.edge(lost, item, "[0]");
  program.more_references(lost, 1);
  const HeapGraph graph = program.build();
  CHECK(path_of(graph, one) == "none");
  CHECK(path_of(graph, item) == "native code \u2192 [0]");
}

TEST_CASE("paths of one shape are counted together") {
  Program program;
  const auto app = program.module("app");
  const auto cache = program.object("dict");
  const auto list = program.object("list");
  program.edge(app, cache, ".cache");
  program.edge(app, list, ".list");
  std::vector<ObjectId> sessions;
  for (int i = 0; i < 20; ++i) {
    const auto session = program.object("app.Session", 100);
    sessions.push_back(ObjectId{session});
    if (i < 18) {
      program.item(cache, program.object("str"), session);
    } else {
      program.edge(list, session, "[" + std::to_string(i) + "]");
    }
  }
  sessions.push_back(ObjectId{program.object("app.Session")});
  const HeapGraph graph = program.build();
  const ShortestPaths paths = shortest_paths(graph);
  const PathShapes shapes = path_shapes(graph, paths, sessions);
  REQUIRE(shapes.shapes.size() == 2);
  CHECK(shapes.without == 1);
  CHECK(shapes.shapes[0].count == 18);
  CHECK(shapes.shapes[0].footprint == 1800);
  CHECK(shapes.shapes[1].count == 2);
  const auto text = [&](const PathShape& shape) {
    return shape_text(graph, path_to(graph, paths, shape.example));
  };
  CHECK(text(shapes.shapes[0]) == "app.cache[<str>]");
  CHECK(text(shapes.shapes[1]) == "app.list[\u2026]");
}

TEST_CASE("a chain of ten million is one shape and a short text, and takes no stack") {
  constexpr std::uint32_t kLength = 10'000'000;
  HeapGraph graph;
  graph.types.push_back({0x10, "app.Node", "app"});
  graph.names = {".next"};
  graph.root_names = {"module app"};
  graph.roots = {{ObjectId{0}, 0, RootKind::module, RootHold::borrowed}};
  graph.address.resize(kLength);
  graph.type.resize(kLength);
  graph.footprint.resize(kLength);
  graph.refcount.resize(kLength);
  graph.flags.resize(kLength);
  graph.reference_begin.resize(kLength + 1);
  std::vector<ObjectId> all;
  for (std::uint32_t i = 0; i < kLength; ++i) {
    graph.type[i] = TypeId{0};
    graph.footprint.put(i, 16);
    graph.refcount[i] = 1;
    graph.flags[i] = 0;
    graph.reference_begin[i] = i;
    all.push_back(ObjectId{i});
    if (i + 1 == kLength) break;
    graph.reference_to.push_back(ObjectId{i + 1});
    graph.edge.push_back(edge_code(ReferenceKind::collector, LabelKind::attribute, 0));
  }
  graph.reference_begin[kLength] = kLength - 1;
  const ShortestPaths paths = shortest_paths(graph);
  const Path path = path_to(graph, paths, ObjectId{kLength - 1});
  CHECK(path.steps.size() == kLength - 1);
  CHECK(path_text(graph, path).size() < 1000);
  const PathShapes shapes = path_shapes(graph, paths, all);
  REQUIRE(shapes.shapes.size() == 2);  // none, and one or more times .next
  CHECK(shapes.shapes[0].count == kLength - 1);
}
