// inspector/analysis/survivors.h, difference.h: what is new, what is gone, what has stayed.
#include "inspector/analysis/difference.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/small_graph.h"

using namespace heapglass;

namespace {

// A look that owns what it is made of. Generations: 0 and 1; tracked and without: the oldest.
struct Taken {
  HeapGraph graph;
  Columns columns;
  std::vector<CollectorState> collectors = std::vector<CollectorState>(1);

  Look look() const { return {graph, columns, collectors}; }
  Taken& ran(std::size_t generation, std::int64_t times) {
    collectors[0].generations[generation].collections = times;
    return *this;
  }
  Taken& young(std::uint32_t object, std::uint8_t generation) {
    columns.generation.add(ObjectId{object}, generation);
    return *this;
  }
};

// A module whose dict holds a list, and what stands after it in address order.
struct Heap : SmallGraph {
  std::uint32_t globals = module("app");
  std::uint32_t open = object("list");

  Heap() { edge(globals, open, ".open"); }
  std::uint32_t add(std::string_view type, std::uint64_t size = 16, bool held = true) {
    const std::uint32_t made = object(type, size);
    flag(made, HeapGraph::kTracked);
    if (held) edge(open, made, "[" + std::to_string(next_++) + "]");
    return made;
  }
  Taken take() { return {build(), {}}; }

 private:
  int next_ = 0;
};

const ChangeRow* row_of(const Difference& difference, std::string_view name) {
  const auto at = std::find_if(difference.rows.begin(), difference.rows.end(),
                               [&](const ChangeRow& row) { return row.name == name; });
  return at == difference.rows.end() ? nullptr : &*at;
}

}  // namespace

TEST_CASE("an object is new where none of its type stood") {
  Heap then, now;
  then.add("app.A");
  now.add("app.A");
  then.add("app.Gone");
  now.add("app.B");
  now.add("app.B");
  const Taken before = then.take(), after = now.take();
  const Survivors found = survivors(before.look(), after.look());
  CHECK(found.then[3] == 3);
  CHECK_FALSE(found.open[3]);  // the same item of the same list
  CHECK(found.is_new(4));
  CHECK(found.is_new(5));
}

TEST_CASE(
    "what stands where another of its type stood is open unless something holds it as before") {
  Heap then, now;
  then.add("app.A");
  then.add("app.A", 16, false);
  now.add("app.A", 16, false);
  const std::uint32_t second = now.add("app.A");  // as item 0, which was the first one
  const Taken before = then.take(), after = now.take().ran(2, 1);
  const Survivors found = survivors(before.look(), after.look());
  CHECK_FALSE(found.is_new(second));
  CHECK(found.open[second]);
  CHECK(found.open[second - 1]);
}

TEST_CASE("generations tell") {
  const auto heap = [] {
    Heap heap;
    heap.add("app.A", 16, false);
    return heap.take();
  };
  constexpr std::uint32_t kIt = 3;
  SUBCASE("younger than before: new") {
    const Taken before = heap(), after = heap().young(kIt, 1).ran(0, 1);
    CHECK(survivors(before.look(), after.look()).is_new(kIt));
  }
  SUBCASE("a collection that would have moved it on: new") {
    const Taken before = heap().young(kIt, 0), after = heap().young(kIt, 0).ran(0, 1);
    CHECK(survivors(before.look(), after.look()).is_new(kIt));
  }
  SUBCASE("and it moved on: open") {
    const Taken before = heap().young(kIt, 0), after = heap().young(kIt, 1).ran(0, 1);
    const Survivors found = survivors(before.look(), after.look());
    CHECK_FALSE(found.is_new(kIt));
    CHECK(found.open[kIt]);
  }
  SUBCASE("an old one where nothing can have become old: the same") {
    const Taken before = heap(), after = heap().ran(0, 1);
    CHECK_FALSE(survivors(before.look(), after.look()).open[kIt]);
    const Taken later = heap().ran(1, 1);
    CHECK(survivors(before.look(), later.look()).open[kIt]);
  }
  SUBCASE("not while the collector is at work") {
    const Taken before = heap(), after = heap().young(kIt, 0);
    Look look = after.look();
    look.generations = false;
    CHECK_FALSE(survivors(before.look(), look).is_new(kIt));
  }
  SUBCASE("nor of dicts, which are untracked and tracked again") {
    const auto with_dict = [] {
      Heap heap;
      heap.add("dict", 16, false);
      return heap.take();
    };
    const Taken before = with_dict(), after = with_dict().young(kIt, 0);
    CHECK_FALSE(survivors(before.look(), after.look()).is_new(kIt));
  }
}

TEST_CASE("an int of another size is another int") {
  Heap then, now;
  then.add("int", 28);
  now.add("int", 32);
  const Taken before = then.take(), after = now.take();
  CHECK(survivors(before.look(), after.look()).is_new(3));
}

TEST_CASE("rows say what is new, gone and larger, shallow and retained") {
  Heap then, now;
  then.add("app.Old", 100);
  now.add("app.Session", 40);
  const std::uint32_t data = now.object("list", 60);
  now.edge(3, data, ".data");
  then.object("list", 10);  // at that list's address
  const Taken before = then.take(), after = now.take();
  const Difference found = difference(before.look(), after.look(), nullptr, DifferenceBy::type);
  const ChangeRow* session = row_of(found, "app.Session");
  REQUIRE(session != nullptr);
  CHECK(session->fresh.count == 1);
  CHECK(session->fresh.bytes == 40);
  CHECK(session->fresh.retained == 100);
  CHECK(session->before.count == 0);
  CHECK(session->after.count == 1);
  const ChangeRow* old = row_of(found, "app.Old");
  REQUIRE(old != nullptr);
  CHECK(old->gone.count == 1);
  CHECK(old->gone.retained == 100);
  const ChangeRow* lists = row_of(found, "list");
  REQUIRE(lists != nullptr);
  CHECK(lists->grown.count == 1);
  CHECK(lists->grown.bytes == 50);
  CHECK(lists->fresh.count == 0);
  CHECK(lists->maybe == 1);
  CHECK(row_of(found, "module") == nullptr);  // did not change
  CHECK(found.rows.front().name == "list");   // 50 bytes more
  CHECK(found.total.fresh.count == 1);
}

TEST_CASE("by path: of what is new the outermost objects") {
  Heap then, now;
  for (int i = 0; i < 3; ++i) {
    const std::uint32_t session = now.add("app.Session", 40);
    now.edge(session, now.object("app.Basket", 60), ".basket");
  }
  const Taken before = then.take(), after = now.take();
  const Difference found = difference(before.look(), after.look(), nullptr, DifferenceBy::type);
  REQUIRE(found.held.size() == 1);
  CHECK(found.held[0].path == "app.open[…]");
  CHECK(found.held[0].type == "app.Session");
  CHECK(found.held[0].fresh.count == 3);
  CHECK(found.held[0].fresh.retained == 300);
  CHECK(found.held[0].gone.count == 0);
}

TEST_CASE("by module") {
  Heap then, now;
  now.add("app.A");
  now.add("app.B");
  const Taken before = then.take(), after = now.take();
  const Difference found = difference(before.look(), after.look(), nullptr, DifferenceBy::module);
  REQUIRE(row_of(found, "app") != nullptr);
  CHECK(row_of(found, "app")->fresh.count == 2);
}

TEST_CASE("of three looks: what came after the first and is there in both others") {
  Heap first, second, third;
  second.add("app.Leak");
  third.add("app.Leak");
  second.add("app.Request");
  third.add("app.Leak");  // came later, at another's address
  third.add("app.Request");
  const Taken a = first.take(), b = second.take(), c = third.take();
  const Look between = b.look();
  const Difference found = difference(a.look(), c.look(), &between, DifferenceBy::type);
  REQUIRE(row_of(found, "app.Leak") != nullptr);
  CHECK(row_of(found, "app.Leak")->fresh.count == 1);
  CHECK(row_of(found, "app.Leak")->after.count == 2);
  REQUIRE(row_of(found, "app.Request") != nullptr);
  CHECK(row_of(found, "app.Request")->fresh.count == 0);
}
