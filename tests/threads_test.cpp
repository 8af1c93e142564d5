// inspector/analysis/frames.h, tasks.h, task_groups.h: who runs, who waits, and what they keep.
#include <doctest/doctest.h>

#include "inspector/analysis/frames.h"
#include "inspector/analysis/task_groups.h"
#include "tests/support/small_graph.h"

using namespace heapglass;

namespace {

const std::string kWorker = "thread 7 \"worker \\\"1\\\"\"";

// A frame of a function whose locals are roots (3.11+).
void add_frame(SmallGraph& graph, std::uint32_t number, const std::string& place,
               const std::vector<std::pair<std::string, std::uint32_t>>& locals) {
  graph.frame(number);
  const std::string frame = kWorker + " frame " + place;
  graph.root(graph.object("code"), RootKind::frame, frame);
  for (const auto& [name, object] : locals) {
    graph.root(object, RootKind::frame, frame + " local " + name);
  }
  graph.frame(0);
}

// A coroutine that awaits `awaited`, in a function of that name.
std::uint32_t add_coroutine(SmallGraph& graph, const std::string& function, std::uint32_t awaited) {
  const auto coroutine = graph.object("coroutine");
  const auto name = graph.object("str");
  graph.edge(coroutine, name, ".__qualname__");
  graph.text(name, function);
  graph.edge(coroutine, awaited, "<stack 0>");
  return coroutine;
}

std::uint32_t add_task(SmallGraph& graph, Columns& columns, std::uint32_t coroutine,
                       FutureState state = FutureState::pending) {
  const auto task = graph.object("_asyncio.Task", 100);
  const auto name = graph.object("str");
  graph.edge(task, name, "<name>");
  graph.text(name, "Task-" + std::to_string(task));
  graph.edge(task, coroutine, "._coro");
  columns.future.add(ObjectId{task}, state);
  return task;
}

}  // namespace

TEST_CASE("frames of one place are told apart, each with what it alone holds") {
  SmallGraph graph;
  const auto first = graph.object("bytes", 1000), second = graph.object("bytes", 2000);
  const auto shared = graph.object("bytes", 4000);
  add_frame(graph, 1, "load() at a at b.py:12", {{"rows", first}, {"common", shared}});
  add_frame(graph, 2, "load() at a at b.py:12", {{"rows", second}, {"common", shared}});
  const HeapGraph heap = graph.build();
  const auto threads = thread_calls(heap);
  REQUIRE(threads.size() == 1);
  CHECK(threads[0].native_id == 7);
  CHECK(threads[0].name == "worker \\\"1\\\"");
  CHECK(threads[0].interpreter == 0);
  REQUIRE(threads[0].frames.size() == 2);
  const CallFrame& frame = threads[0].frames[1];
  CHECK(frame.function == "load");
  CHECK(frame.file == "a at b.py");
  CHECK(frame.line == 12);
  REQUIRE(frame.locals.size() == 2);
  CHECK(frame.locals[0].name == "rows");
  const FrameTree tree(heap, threads);
  CHECK(tree.retained(frame) == 2000 + 16);
  CHECK(tree.holds_alone(frame, ObjectId{second}));
  CHECK_FALSE(tree.holds_alone(frame, ObjectId{shared}));
  CHECK(tree.retained(ObjectId{shared}) == 4000);
}

TEST_CASE("a frame that is an object, and a generator, hold their own locals") {
  SmallGraph graph;
  const auto rows = graph.object("bytes", 1000);
  const auto cell = graph.object("cell");
  const auto inside = graph.object("bytes", 500);
  const auto frame = graph.object("frame", 400);
  graph.edge(frame, rows, "local rows");
  graph.edge(frame, cell, "local kept");
  graph.edge(cell, inside, ".cell_contents");
  const auto caller = graph.object("frame", 400);
  graph.edge(frame, caller, ".f_back");
  graph.frame(1);
  graph.root(frame, RootKind::frame, "interpreter 2 " + kWorker + " frame load() at a.py");
  graph.root(rows, RootKind::frame, "interpreter 2 " + kWorker + " frame load() at a.py local rows",
             RootHold::borrowed);
  graph.frame(2);
  graph.root(caller, RootKind::frame, "interpreter 2 " + kWorker + " frame run() at a.py");
  const HeapGraph heap = graph.build();
  const auto threads = thread_calls(heap);
  REQUIRE(threads.size() == 1);
  CHECK(threads[0].interpreter == 2);
  REQUIRE(threads[0].frames.size() == 2);
  const FrameTree tree(heap, threads);
  CHECK(threads[0].frames[0].line == std::nullopt);
  CHECK(tree.retained(threads[0].frames[0]) == 400 + 1000 + 16 + 500);
  CHECK(tree.retained(threads[0].frames[1]) == 400);
  CHECK(tree.holds_alone(threads[0].frames[0], ObjectId{rows}));
  CHECK(tree.holds_alone(threads[0].frames[0], ObjectId{inside}));
  const auto locals = locals_of(heap, ObjectId{frame});
  REQUIRE(locals.size() == 2);
  CHECK(locals[1].object == ObjectId{inside});
}

TEST_CASE("a task's chain goes down to what it awaits") {
  SmallGraph graph;
  Columns columns;
  const auto future = graph.object("_asyncio.Future");
  columns.future.add(ObjectId{future}, FutureState::pending);
  const auto iterator = graph.object("_asyncio.FutureIter");
  graph.edge(iterator, future, "<future>");
  const auto inner = add_coroutine(graph, "get", iterator);
  const auto outer = add_coroutine(graph, "worker", inner);
  const auto task = add_task(graph, columns, outer);
  graph.root(task, RootKind::module, "module app");
  const HeapGraph heap = graph.build();
  const auto tasks = find_tasks(heap, columns);
  REQUIRE(tasks.size() == 1);
  CHECK(tasks[0].name == "Task-" + std::to_string(task));
  CHECK(tasks[0].chain == std::vector{ObjectId{outer}, ObjectId{inner}});
  CHECK(tasks[0].awaited == ObjectId{future});
  CHECK(task_text(heap, columns, tasks[0]) ==
        "worker() \u2192 await get() \u2192 await _asyncio.Future");
}

TEST_CASE("coroutines that await each other in a ring end") {
  SmallGraph graph;
  Columns columns;
  const auto one = graph.object("coroutine");
  const auto other = add_coroutine(graph, "other", one);
  graph.edge(one, other, "<stack 0>");
  add_task(graph, columns, one);
  const HeapGraph heap = graph.build();
  const auto tasks = find_tasks(heap, columns);
  REQUIRE(tasks.size() == 1);
  CHECK(tasks[0].chain.size() == 1000);
  CHECK(task_text(heap, columns, tasks[0]).size() < 1000);
}

TEST_CASE("a task waits for those whose callbacks wake what it awaits; not for others of a set") {
  SmallGraph graph;
  Columns columns;
  const auto nothing = graph.object("NoneType");
  const auto child = add_task(graph, columns, add_coroutine(graph, "child", nothing));
  const auto outer = graph.object("asyncio.tasks._GatheringFuture");
  columns.future.add(ObjectId{outer}, FutureState::pending);
  const auto parent = add_task(graph, columns, add_coroutine(graph, "parent", outer));
  const auto bystander = add_task(graph, columns, add_coroutine(graph, "other", nothing));
  graph.edge(parent, outer, "._fut_waiter");
  // child.add_done_callback(closure over outer); child.add_done_callback(all_tasks.discard)
  const auto callback = graph.object("function"), closure = graph.object("tuple");
  const auto cell = graph.object("cell"), discard = graph.object("builtin_function_or_method");
  const auto all = graph.object("set"), list = graph.object("list");
  const auto entry = graph.object("tuple");
  graph.edge(child, callback, "<callback>");
  graph.edge(callback, closure, ".__closure__");
  graph.edge(closure, cell, "[0]");
  graph.edge(cell, outer, ".cell_contents");
  graph.edge(child, list, "<callbacks>");
  graph.edge(list, entry, "[0]");
  graph.edge(entry, discard, "[0]");
  graph.edge(discard, all, ".__self__");
  graph.edge(all, bystander, "<member>");
  graph.edge(all, parent, "<member>");
  const HeapGraph heap = graph.build();
  const auto tasks = find_tasks(heap, columns);
  REQUIRE(tasks.size() == 3);
  CHECK(tasks[1].waits_for == std::vector<std::uint32_t>{0});
  CHECK(tasks[0].is_awaited);
  CHECK(tasks[0].waits_for.empty());
  CHECK_FALSE(tasks[2].is_awaited);
}

TEST_CASE("what tasks of a group retain counts once") {
  SmallGraph graph;
  Columns columns;
  const auto nothing = graph.object("NoneType");
  const auto inner = add_task(graph, columns, add_coroutine(graph, "fetch", nothing));
  const auto outer = add_task(graph, columns, add_coroutine(graph, "fetch", nothing));
  graph.edge(outer, inner, "._fut_waiter");
  const auto done =
      add_task(graph, columns, add_coroutine(graph, "fetch", nothing), FutureState::finished);
  graph.root(outer, RootKind::module, "module app");
  graph.root(done, RootKind::module, "module app");
  graph.root(nothing, RootKind::module, "module builtins");
  const HeapGraph heap = graph.build();
  const Dominators tree = dominators(heap);
  const auto groups = task_groups(heap, columns, tree, find_tasks(heap, columns), true);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].text == "fetch()");
  CHECK(groups[0].count == 2);
  CHECK(groups[0].retained_bytes == tree.bytes[outer]);
  CHECK(groups[1].state == FutureState::finished);
  CHECK(groups[1].retained_bytes == tree.bytes[done]);
}
