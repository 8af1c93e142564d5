// inspector/analysis/suspects.h, growth.h: what piles up, and what grew.
#include "inspector/analysis/suspects.h"

#include <doctest/doctest.h>

#include "inspector/analysis/growth.h"
#include "tests/support/small_graph.h"

using namespace heapglass;

namespace {

constexpr std::uint64_t kBig = 4096;

// With full containers.
struct Program : SmallGraph {
  // `count` objects of a type as values of `container`, a dict.
  void fill(std::uint32_t container, std::string_view type, int count) {
    for (int i = 0; i < count; ++i) item(container, object("str"), object(type, kBig));
  }
};

Suspicion suspects_of(const HeapGraph& graph, const Columns& columns = {}, bool enabled = true) {
  return find_suspects({graph, columns, {}, enabled});
}

}  // namespace

TEST_CASE("many objects of a program's own in one container are suspect") {
  Program program;
  const auto app = program.module("app");
  const auto open = program.object("dict");
  program.edge(app, open, ".SESSIONS");
  program.fill(open, "app.Session", 300);
  const Suspicion found = suspects_of(program.build());
  REQUIRE(found.suspects.size() == 1);
  const Suspect& first = found.suspects[0];
  CHECK(first.kind == SuspectKind::container);
  CHECK(first.type == "app.Session");
  CHECK(first.count == 300);
  CHECK(first.bytes == 300 * kBig);
  CHECK(first.retained == 300 * kBig);
  CHECK(first.path == "app.SESSIONS[<str>]");
  CHECK(found.verdict.find("300 app.Session") == 0);
}

TEST_CASE("of lists of sessions in a dict the sessions are told") {
  Program program;
  const auto app = program.module("app");
  const auto open = program.object("dict");
  program.edge(app, open, ".by_user");
  for (int i = 0; i < 200; ++i) {
    const auto list = program.object("list");
    program.item(open, program.object("str"), list);
    program.edge(list, program.object("app.Session", kBig), "[0]");
    program.edge(list, program.object("app.Session", kBig), "[1]");
  }
  const Suspicion found = suspects_of(program.build());
  REQUIRE(found.suspects.size() == 1);
  CHECK(found.suspects[0].type == "app.Session");
  CHECK(found.suspects[0].count == 400);
  CHECK(found.suspects[0].path == "app.by_user[<str>][\u2026]");
}

TEST_CASE("few, small, plain or at work is not suspect") {
  const auto verdict_of = [](const char* type, int count, std::uint64_t rest) {
    Program program;
    const auto app = program.module("app");
    const auto held = program.object("dict");
    program.edge(app, held, ".table");
    program.edge(app, program.object("app.Rest", rest), ".rest");
    program.fill(held, type, count);
    return suspects_of(program.build()).suspects.size();
  };
  CHECK(verdict_of("app.Row", 300, 0) == 1);
  CHECK(verdict_of("app.Row", 99, 0) == 0);                 // few
  CHECK(verdict_of("app.Row", 300, 300 * kBig * 99) == 0);  // small beside the rest
  CHECK(verdict_of("str", 300, 0) == 0);                    // data
  CHECK(verdict_of("function", 300, 0) == 0);               // what programs are made of

  Program program;
  const auto rows = program.object("list");
  program.root(rows, RootKind::frame,
               "thread 7 \"MainThread\" frame load() at app.py:12 local rows");
  for (int i = 0; i < 300; ++i) program.edge(rows, program.object("app.Row", kBig), "[0]");
  CHECK(suspects_of(program.build()).suspects.empty());
}

TEST_CASE("data is told where a thread keeps it, or where it is a quarter of the heap") {
  const auto rows = [](Program& program, std::uint32_t list) {
    for (int i = 0; i < 300; ++i) {
      const auto row = program.object("dict", kBig);
      program.edge(list, row, "[0]");
      program.item(row, program.object("str"), program.object("float"));
    }
  };
  Program table;
  const auto app = table.module("app");
  const auto list = table.object("list");
  table.edge(app, list, ".log");
  table.edge(app, table.object("app.Rest", 1200 * kBig), ".rest");
  rows(table, list);
  CHECK(suspects_of(table.build()).suspects.empty());

  Program thread;
  const auto queries = thread.object("list");
  thread.edge(thread.module("app"), thread.object("app.Rest", 1200 * kBig), ".rest");
  thread.root(queries, RootKind::thread, "thread 7 \"worker\" thread-locals");
  rows(thread, queries);
  const Suspicion found = suspects_of(thread.build());
  REQUIRE(found.suspects.size() == 1);
  CHECK(found.suspects[0].kind == SuspectKind::of_thread);
}

TEST_CASE("exceptions with tracebacks and finished tasks are suspect in small numbers") {
  Program program;
  const auto app = program.module("app");
  const auto errors = program.object("list");
  const auto tasks = program.object("set");
  program.edge(app, errors, ".errors");
  program.edge(app, tasks, ".tasks");
  Columns columns;
  for (int i = 0; i < 30; ++i) {
    const auto error = program.object("ConnectionError", 4 * kBig);
    program.edge(errors, error, "[0]");
    program.edge(error, program.object("traceback"), ".__traceback__");
  }
  for (int i = 0; i < 30; ++i) {
    const auto task = program.object("_asyncio.Task", 2 * kBig);
    program.edge(tasks, task, "<member>");
    columns.future.add(ObjectId{task}, FutureState::finished);
  }
  const Suspicion found = suspects_of(program.build(), columns);
  REQUIRE(found.suspects.size() == 2);
  CHECK(found.suspects[0].kind == SuspectKind::exception);
  CHECK(found.suspects[0].count == 30);
  CHECK(found.suspects[1].kind == SuspectKind::task);
  CHECK(found.suspects[1].type == "_asyncio.Task");
}

TEST_CASE("garbage is suspect where the collector is off") {
  Program program;
  program.module("app");
  for (int i = 0; i < 200; ++i) {
    const auto a = program.object("app.Node", kBig);
    const auto b = program.object("app.Node", kBig);
    program.edge(a, b, ".next");
    program.edge(b, a, ".next");
    program.flag(a, HeapGraph::kTracked | HeapGraph::kCollectable);
    program.flag(b, HeapGraph::kTracked | HeapGraph::kCollectable);
  }
  const HeapGraph graph = program.build();
  CHECK(suspects_of(graph).suspects.empty());
  const Suspicion found = suspects_of(graph, {}, false);
  REQUIRE(found.suspects.size() == 1);
  CHECK(found.suspects[0].kind == SuspectKind::garbage);
  CHECK(found.suspects[0].type == "app.Node");
  CHECK(found.suspects[0].count == 400);
}

TEST_CASE("references that native code lost are suspect") {
  Program program;
  program.module("app");
  for (int i = 0; i < 300; ++i) program.more_references(program.object("dict", kBig), 1);
  const Suspicion found = suspects_of(program.build());
  REQUIRE(found.suspects.size() == 1);
  CHECK(found.suspects[0].kind == SuspectKind::orphan);
  CHECK(found.suspects[0].count == 300);
}

TEST_CASE("what is referred to, but less often than it counts, is native code's") {
  Program program;
  program.module("app");
  for (int i = 0; i < 300; ++i) {
    const auto request = program.object("app.Request", kBig);
    const auto response = program.object("app.Response", kBig);
    program.edge(request, response, ".response");
    program.edge(response, request, ".request");
    program.more_references(request, 1);
  }
  const Suspicion found = suspects_of(program.build());
  REQUIRE(found.suspects.size() == 1);
  CHECK(found.suspects[0].kind == SuspectKind::native);
  CHECK(found.suspects[0].type == "app.Request");
  CHECK(found.suspects[0].count == 300);
  CHECK(found.suspects[0].retained == 600 * kBig);
}

TEST_CASE("words of a path do not make a thread's or a cache's of it") {
  Program program;
  const auto app = program.module("app");
  const auto open = program.object("dict");
  program.edge(app, open, ".contextvars.ContextVar thread-local (lru_cache)");
  program.fill(open, "app.Session", 300);
  const Suspicion found = suspects_of(program.build());
  REQUIRE(found.suspects.size() == 1);
  CHECK(found.suspects[0].kind == SuspectKind::container);
}

namespace {

// Sessions, of which each has a str of its own; and `others` of another type, which come and go.
HeapGraph service(int sessions, int first_other, int others) {
  Program program;
  const auto app = program.module("app");
  const auto open = program.object("dict");
  const auto recent = program.object("list");
  program.edge(app, open, ".SESSIONS");
  program.edge(app, recent, ".recent");
  // Addresses are by number, so those that are skipped have been freed.
  std::vector<std::uint32_t> freed;
  for (int i = 0; i < first_other; ++i) freed.push_back(program.object("app.Freed", 0));
  for (int i = 0; i < others; ++i) {
    program.edge(recent, program.object("app.Request", kBig), "[0]");
  }
  for (int i = first_other + others; i < 1000; ++i) program.object("app.Freed", 0);
  for (int i = 0; i < sessions; ++i) {
    const auto session = program.object("app.Session", kBig);
    program.edge(session, program.object("str", kBig), ".token");
    program.item(open, program.object("int"), session);
  }
  return program.build();
}

}  // namespace

TEST_CASE("what grew is told by what holds it, and turnover is no growth") {
  const HeapGraph before = service(100, 0, 300), after = service(400, 300, 300);
  const Suspicion found = find_growth(before, after, 60);
  REQUIRE(found.suspects.size() == 1);
  const Suspect& first = found.suspects[0];
  CHECK(first.kind == SuspectKind::growth);
  CHECK(first.type == "app.Session");
  CHECK(first.count == 300);
  CHECK(first.retained == 300 * 2 * kBig);
  CHECK(first.path == "app.SESSIONS[<int>]");
  CHECK(found.verdict.find("300 more app.Session than before (300 a minute)") == 0);
  CHECK(find_growth(before, before, 60).suspects.empty());
  CHECK(find_growth(after, before, 60).suspects.empty());
}
