// cli/render/openmetrics.h: what Prometheus reads.
#include "cli/render/openmetrics.h"

#include <doctest/doctest.h>

#include "inspector/target/memory_use.h"

using namespace heapglass;

namespace {

Histogram three_types() {
  Histogram types;
  types.rows = {{"app.\"Odd\"\n\\", 3, 300, 400}, {"dict", 2, 200, 200}, {"str", 1, 100, 100}};
  types.total = {"", 6, 600, 700};
  return types;
}

bool has(const std::string& text, const std::string& line) {
  return text.find('\n' + line + '\n') != text.npos;
}

}  // namespace

TEST_CASE("as many types as asked for, and the others together") {
  const std::string text = openmetrics_text({}, three_types(), {}, 2, {{"service", "shop"}});
  CHECK(has(text, "heapglass_objects{service=\"shop\",type=\"dict\"} 2"));
  CHECK(has(text, "heapglass_objects{service=\"shop\",type=\"(other)\"} 1"));
  CHECK(has(text, "heapglass_object_bytes{service=\"shop\",type=\"(other)\"} 100"));
  CHECK(text.find("\"str\"") == text.npos);
  CHECK(text.ends_with("# EOF\n"));
}

TEST_CASE("names of the target cannot break out of a label") {
  const std::string text = openmetrics_text({}, three_types(), {}, 1, {});
  const std::string escaped = "app.\\\"Odd\\\"\\\\x0a\\\\";
  CHECK(has(text, "heapglass_objects{type=\"" + escaped + "\"} 3"));
}

TEST_CASE("every sample stands below the help and type of its family") {
  std::string family;
  std::size_t samples = 0;
  const std::string text = openmetrics_text({}, three_types(), {}, 3, {});
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("# TYPE ")) family = line.substr(7, line.rfind(' ') - 7);
    if (line.starts_with('#')) continue;
    CHECK(line.substr(0, line.find_first_of("{ ")) == family);
    ++samples;
  }
  CHECK(samples > 20);
}

TEST_CASE("names of labels") {
  CHECK(is_label_name("service"));
  CHECK(is_label_name("_a1"));
  CHECK_FALSE(is_label_name(""));
  CHECK_FALSE(is_label_name("1a"));
  CHECK_FALSE(is_label_name("a-b"));
  CHECK_FALSE(is_label_name("type"));  // is one of ours
  CHECK_FALSE(is_label_name("__name__"));
}

TEST_CASE("smaps_rollup and memory.pressure") {
  const MemoryUse use = parse_smaps_rollup(
      "55d0-7ffc ---p 00000000 00:00 0    [rollup]\nRss:   100 kB\nPss:    50 kB\n"
      "Private_Clean:  8 kB\nPrivate_Dirty: 30 kB\nSwap: 4 kB\n");
  CHECK(use.rss == 100 << 10);
  CHECK(use.pss == 50 << 10);
  CHECK(use.uss == 38 << 10);
  CHECK(use.swap == 4 << 10);
  CHECK(parse_stalled("some avg10=12.50 avg60=1.00 avg300=0.00 total=1\nfull avg10=0.00") == 12.5);
  CHECK(parse_stalled("") == 0);
}
