// inspector/analysis/histogram.cpp and glob.cpp: objects and bytes by type.
#include "inspector/analysis/histogram.h"

#include <doctest/doctest.h>

#include <chrono>

#include "inspector/analysis/glob.h"

using namespace heapglass;

namespace {

struct Object {
  std::uint32_t type;
  std::uint64_t bytes;
  std::uint64_t footprint;
  bool tracked;
};

HeapGraph heap(std::vector<TypeRecord> types, const std::vector<Object>& objects) {
  HeapGraph graph;
  graph.types = std::move(types);
  for (const Object& object : objects) {
    graph.address.push_back(0x1000 + 0x100 * graph.address.size());
    graph.type.push_back(TypeId{object.type});
    graph.bytes.push_back(object.bytes);
    graph.footprint.push_back(object.footprint);
    graph.refcount.push_back(1);
    graph.flags.push_back(object.tracked ? HeapGraph::kTracked : 0);
  }
  return graph;
}

const TypeRecord kDict{0x10, "dict", "builtins"};
const TypeRecord kStr{0x20, "str", "builtins"};
const TypeRecord kSession{0x30, "app.Session", "app"};
const TypeRecord kOtherSession{0x40, "app.Session", "app"};
const TypeRecord kUnused{0x50, "app.Unused", "app"};

HeapGraph small_service() {
  return heap({kDict, kStr, kSession, kOtherSession, kUnused}, {{0, 64, 80, true},
                                                                {0, 232, 240, false},
                                                                {1, 50, 64, false},
                                                                {1, 51, 64, false},
                                                                {1, 52, 64, false},
                                                                {2, 48, 64, true},
                                                                {3, 500, 512, true}});
}

}  // namespace

TEST_CASE("types of one name are added up, and distinct_types says how many they are") {
  const Histogram result = histogram(small_service(), {});
  REQUIRE(result.rows.size() == 3);
  const HistogramRow& session = result.rows[0];
  CHECK(session.name == "app.Session");
  CHECK(session.count == 2);
  CHECK(session.bytes == 548);
  CHECK(session.footprint == 576);
  CHECK(session.tracked == 2);
  CHECK(session.distinct_types == 2);
}

TEST_CASE("a type without objects has no row") {
  for (const HistogramRow& row : histogram(small_service(), {}).rows) {
    CHECK(row.name != "app.Unused");
  }
}

TEST_CASE("the total is over the rows that match") {
  const Histogram all = histogram(small_service(), {});
  CHECK(all.total.count == 7);
  CHECK(all.total.bytes == 997);
  CHECK(all.total.footprint == 1088);
  CHECK(all.total.tracked == 3);
  CHECK(all.total.distinct_types == 4);

  const Histogram some = histogram(small_service(), {.type_pattern = "s*"});
  REQUIRE(some.rows.size() == 1);
  CHECK(some.total.count == 3);
  CHECK(some.total.bytes == 153);
}

TEST_CASE("largest first by the key asked for, equal ones by name") {
  const auto first = [](HistogramSort sort) {
    return histogram(small_service(), {.sort = sort}).rows.front().name;
  };
  CHECK(first(HistogramSort::bytes) == "app.Session");
  CHECK(first(HistogramSort::footprint) == "app.Session");
  CHECK(first(HistogramSort::count) == "str");

  const HeapGraph equal = heap({kStr, kDict}, {{0, 10, 16, false}, {1, 10, 16, false}});
  CHECK(histogram(equal, {}).rows.front().name == "dict");
}

TEST_CASE("tracked_only counts what stands in the collector's lists") {
  const Histogram result = histogram(small_service(), {.tracked_only = true});
  REQUIRE(result.rows.size() == 2);
  CHECK(result.rows[1].name == "dict");
  CHECK(result.rows[1].count == 1);
  CHECK(result.rows[1].bytes == 64);
  CHECK(result.total.count == result.total.tracked);
}

TEST_CASE("by module, the pattern still is on the type's name") {
  const Histogram modules = histogram(small_service(), {.by = HistogramBy::module});
  REQUIRE(modules.rows.size() == 2);
  CHECK(modules.rows[0].name == "app");
  CHECK(modules.rows[0].distinct_types == 2);
  CHECK(modules.rows[1].name == "builtins");
  CHECK(modules.rows[1].count == 5);

  const Histogram dicts =
      histogram(small_service(), {.by = HistogramBy::module, .type_pattern = "dict"});
  REQUIRE(dicts.rows.size() == 1);
  CHECK(dicts.rows[0].name == "builtins");
  CHECK(dicts.rows[0].count == 2);
}

TEST_CASE("an empty heap has no rows and totals of zero") {
  const Histogram result = histogram({}, {});
  CHECK(result.rows.empty());
  CHECK(result.total.count == 0);
}

TEST_CASE("a glob matches the whole name") {
  CHECK(glob_match("dict", "dict"));
  CHECK_FALSE(glob_match("dict", "dict_keys"));
  CHECK_FALSE(glob_match("dict", "OrderedDict"));
  CHECK(glob_match("*Dict*", "collections.OrderedDict"));
  CHECK(glob_match("*", ""));
  CHECK_FALSE(glob_match("?", ""));
  CHECK(glob_match("app.*.Session", "app.models.Session"));
  CHECK_FALSE(glob_match("app.*.Session", "app.Session"));
  CHECK(glob_match("[a-c]x[!0-9]", "bxy"));
  CHECK_FALSE(glob_match("[a-c]x[!0-9]", "bx7"));
  CHECK(glob_match("[]]", "]"));
  CHECK(glob_match("a[b", "a[b"));
  CHECK(glob_match(R"(\*)", "*"));
  CHECK_FALSE(glob_match(R"(\*)", "x"));
}

TEST_CASE("a question mark is one code point, or one byte that is no UTF-8") {
  CHECK(glob_match("?", "ß"));
  CHECK(glob_match("[α-ω]", "λ"));
  CHECK(glob_match("a?b",
                   "a\xff"
                   "b"));
  CHECK_FALSE(glob_match("a?b",
                         "a\xff\xff"
                         "b"));
}

TEST_CASE("a pattern of many stars on a name of a million bytes answers at once") {
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(glob_match("*a*a*a*a*a*a*b", std::string(1'000'000, 'a')));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
}
