// cli/: what is done to untrusted text, to numbers, and to what people type; and that a result is
// written completely or not at all.
#include <dirent.h>
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/nearest.h"
#include "cli/output.h"
#include "cli/render/acquisition_line.h"
#include "cli/render/document.h"
#include "cli/render/escape.h"
#include "cli/render/histogram.h"
#include "cli/render/ndjson.h"
#include "cli/render/numbers.h"
#include "cli/render/overview.h"
#include "cli/render/table.h"
#include "cli/units.h"
#include "inspector/graph/edge.h"
#include "symbols/failure.h"

using namespace heapglass;

TEST_SUITE("escape") {
  TEST_CASE("plain and foreign names stay as they are on a terminal") {
    CHECK(escape_terminal("myapp.models.Session") == "myapp.models.Session");
    CHECK(escape_terminal("café.Größe.日本語.🐍") == "café.Größe.日本語.🐍");
  }

  TEST_CASE("control characters cannot move the cursor or set the title") {
    CHECK(escape_terminal("\x1b]0;title\x07") == "\\x1b]0;title\\x07");
    CHECK(escape_terminal("two\nlines\ttab\rcr") == "two\\x0alines\\x09tab\\x0dcr");
    CHECK(escape_terminal(std::string("nul\0nul", 7)) == "nul\\x00nul");
    CHECK(escape_terminal("\x7f") == "\\x7f");
    CHECK(escape_terminal("\u009b31m") == "\\u009b31m");
  }

  TEST_CASE("bidi and invisible characters are shown as what they are") {
    CHECK(escape_terminal("a\u202eb") == "a\\u202eb");
    CHECK(escape_terminal("\u2066\u2069\u200e\u200f\u200b\ufeff") ==
          "\\u2066\\u2069\\u200e\\u200f\\u200b\\ufeff");
    CHECK(escape_terminal("\U000e0041") == "\\U000e0041");
  }

  TEST_CASE("bytes that are no UTF-8 are escaped one by one") {
    CHECK(escape_terminal("\xff\xfe") == "\\xff\\xfe");
    CHECK(escape_terminal("cut\xe6\x97") == "cut\\xe6\\x97");
    CHECK(escape_terminal("\xc0\xaf") == "\\xc0\\xaf");                    // overlong '/'
    CHECK(escape_terminal("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // a lone surrogate
    CHECK(escape_terminal("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  }

  TEST_CASE("JSON strings are ASCII, valid, and say what they can") {
    CHECK(json_string("dict") == "\"dict\"");
    CHECK(json_string("a\"b\\c\n") == R"("a\"b\\c\n")");
    CHECK(json_string("日") == R"("\u65e5")");
    CHECK(json_string("a\xff"
                      "b") == R"("a\ufffdb")");
    CHECK(json_string("\u202e\u009b") == R"("\u202e\u009b")");
    const auto surrogate = nlohmann::json::parse(json_string("x\xed\xa0\x80y"));
    CHECK(surrogate.get<std::string>().starts_with("x\ufffd"));
  }

  TEST_CASE("a CSV cell is quoted where it must be and starts no formula") {
    CHECK(escape_csv("dict") == "dict");
    CHECK(escape_csv("") == "");
    CHECK(escape_csv("a,b") == "\"a,b\"");
    CHECK(escape_csv("say \"hi\"") == "\"say \"\"hi\"\"\"");
    for (const char* evil : {"=1+1", "+1", "-1", "@SUM(A1)"}) {
      CHECK(escape_csv(evil) == "\"'" + std::string(evil) + "\"");
    }
    CHECK(escape_csv("\t=1") == "\"'\\x09=1\"");
    CHECK(escape_csv("\r=1") == "\"'\\x0d=1\"");
    CHECK(escape_csv("a=1") == "a=1");
  }

  TEST_CASE("width counts columns, not bytes") {
    CHECK(display_width("dict") == 4);
    CHECK(display_width("Größe") == 5);
    CHECK(display_width("日本") == 4);
    CHECK(display_width("e\u0301") == 1);
  }

  TEST_CASE("long names are cut in the middle, more of the end is kept") {
    CHECK(cut_middle("short", 10, "…") == "short");
    CHECK(cut_middle("package.module.ClassName", 13, "…") == "pack…lassName");
    CHECK(cut_middle("abcdefgh", 0, "…") == "abcdefgh");
    CHECK(cut_middle("abcdefgh", 2, "...") == "ab");
    CHECK(cut_end("a command line", 9, "…") == "a comman…");
    for (std::size_t columns = 1; columns < 30; ++columns) {
      CHECK(display_width(cut_middle("日本語日本語日本語日本語日本語", columns, "…")) <= columns);
      CHECK(display_width(cut_end("日本語日本語日本語日本語日本語", columns, "…")) <= columns);
    }
  }
}

TEST_SUITE("numbers") {
  TEST_CASE("thousands are set apart") {
    CHECK(thousands(0) == "0");
    CHECK(thousands(999) == "999");
    CHECK(thousands(1000) == "1,000");
    CHECK(thousands(1234567) == "1,234,567");
    CHECK(thousands(18446744073709551615ULL) == "18,446,744,073,709,551,615");
  }

  TEST_CASE("bytes have a unit and at most three digits that matter") {
    CHECK(human_bytes(0) == "0 B");
    CHECK(human_bytes(999) == "999 B");
    CHECK(human_bytes(1000) == "1.0 kB");
    CHECK(human_bytes(350'000'000) == "350 MB");
    CHECK(human_bytes(999'600) == "1.0 MB");
    CHECK(human_bytes(1'200'000'000) == "1.2 GB");
    CHECK(human_bytes(18446744073709551615ULL) == "18.4 EB");
  }

  TEST_CASE("times") {
    CHECK(human_ms(0.26) == "0.3 ms");
    CHECK(human_ms(12.34) == "12.3 ms");
    CHECK(human_ms(350) == "350 ms");
    CHECK(human_ms(1234) == "1.2 s");
    CHECK(human_age(42) == "42s");
    CHECK(human_age(720) == "12m");
    CHECK(human_age(3 * 3600 + 300) == "3h 05m");
    CHECK(human_age(12 * 86400 + 4 * 3600) == "12d 4h");
    CHECK(human_age(-1) == "?");
    CHECK(iso_utc(std::chrono::system_clock::from_time_t(1795338000)) == "2026-11-22T09:00:00Z");
  }

  TEST_CASE("shares") {
    CHECK(percent(0, 0) == "0 %");
    CHECK(percent(1, 1000) == "<1 %");
    CHECK(percent(2, 3) == "67 %");
  }
}

TEST_SUITE("what people type") {
  TEST_CASE("a duration has a unit") {
    using std::chrono::milliseconds;
    CHECK(parse_duration("250ms") == milliseconds(250));
    CHECK(parse_duration("1s") == milliseconds(1000));
    CHECK(parse_duration("1.5s") == milliseconds(1500));
    CHECK(parse_duration("2m") == milliseconds(120'000));
    for (const char* wrong : {"", "5", "s", "0s", "-1s", "1 s", "1d", "1e3s", "inf", "nans",
                              "1.2.3s", "25h", "0x5s", "9999999999999999999999s"}) {
      CAPTURE(wrong);
      CHECK_FALSE(parse_duration(wrong));
    }
  }

  TEST_CASE("a size may have one, of 1024") {
    CHECK(parse_size("4096") == 4096);
    CHECK(parse_size("512K") == 512 * 1024);
    CHECK(parse_size("512M") == std::uint64_t{512} << 20);
    CHECK(parse_size("2G") == std::uint64_t{2} << 30);
    CHECK(parse_size("1.5GiB") == std::uint64_t{3} << 29);
    for (const char* wrong : {"", "0", "M", "-1", "1 G", "2g", "1e9", "99999999999T", "0x10"}) {
      CAPTURE(wrong);
      CHECK_FALSE(parse_size(wrong));
    }
  }

  TEST_CASE("a count is digits") {
    CHECK(parse_count("20") == 20);
    CHECK(parse_count("0") == 0);
    for (const char* wrong : {"", "-1", "+1", "1.0", "20x", "18446744073709551616"}) {
      CAPTURE(wrong);
      CHECK_FALSE(parse_count(wrong));
    }
  }

  TEST_CASE("the nearest name is offered, and none where nothing is near") {
    const std::vector<std::string> names{"ps", "doctor", "histogram", "export"};
    CHECK(nearest("histgram", names) == "histogram");
    CHECK(nearest("hitsogram", names) == "histogram");
    CHECK(nearest("hist", names) == "histogram");
    CHECK(nearest("dcotor", names) == "doctor");
    CHECK(nearest("sp", names) == "ps");
    CHECK_FALSE(nearest("banana", names));
    CHECK_FALSE(nearest("", names));
    CHECK_FALSE(nearest(std::string(100'000, 'h'), names));
  }

  TEST_CASE("of types the nearest is offered as a whole or by its last name") {
    const std::vector<std::string> names{"dict", "app.models.Session", "app.Item",
                                         std::string(1'000'000, 'x')};
    CHECK(nearest_type("app.models.Sesion", names) == "app.models.Session");
    CHECK(nearest_type("Sesion", names) == "app.models.Session");
    CHECK(nearest_type("*.Sessoin*", names) == "app.models.Session");
    CHECK(nearest_type("models.Item", names) == "app.Item");
    CHECK(nearest_type("dcit", names) == "dict");
    CHECK_FALSE(nearest_type("Banana", names));
    CHECK_FALSE(nearest_type("*", names));
  }
}

TEST_SUITE("tables") {
  const Table kTable{{{"COUNT", Column::Align::right, Column::Fit::whole},
                      {"TYPE", Column::Align::left, Column::Fit::cut_middle}},
                     {{"1,234", "dict"}, {"5", "日本\x1b"}}};

  TEST_CASE("columns stand under each other and lines end without blanks") {
    CHECK(render_table(kTable, {}) ==
          "COUNT  TYPE\n"
          "1,234  dict\n"
          "    5  日本\\x1b\n");
    CHECK(render_table({{{"", Column::Align::left, Column::Fit::whole}}, {{"a"}}}, {}, 2) ==
          "  a\n");
  }

  TEST_CASE("colour is in the head only, and only where asked for") {
    const Terminal color{.interactive = true, .color = true, .unicode = true, .width = 80};
    CHECK(render_table(kTable, color).starts_with("\033[1mCOUNT  TYPE\033[0m\n"));
  }

  TEST_CASE("the column that gives way makes the line fit the terminal") {
    Table table = kTable;
    table.rows.push_back({"1", "a." + std::string(1'000'000, 'x') + ".Name"});
    const Terminal narrow{.interactive = true, .color = false, .unicode = true, .width = 40};
    std::istringstream lines(render_table(table, narrow));
    for (std::string line; std::getline(lines, line);) CHECK(display_width(line) <= 40);
    // Into a pipe: long, but not a million.
    CHECK(render_table(table, {}).size() < 1000);
  }

  TEST_CASE("a line of CSV") { CHECK(csv_line({"a", "b,c", "1"}) == "a,\"b,c\",1\n"); }
}

TEST_SUITE("a histogram as text") {
  Histogram three_types() {
    Histogram result;
    result.rows = {{"dict", 2000, 1'200'000, 1'300'000, 2000, 1},
                   {"str", 30, 3000, 3200, 0, 1},
                   {"=evil", 1, 48, 64, 1, 2}};
    result.total = {"", 2031, 1'203'048, 1'303'264, 2001, 4};
    return result;
  }

  TEST_CASE("what is not shown is summed up, and the total stands below") {
    CHECK(histogram_table(three_types(), HistogramBy::type, 1, {}) ==
          "COUNT    SIZE  FOOTPRINT  TYPE\n"
          "2,000  1.2 MB     1.3 MB  dict\n"
          "   31  3.0 kB     3.3 kB  and 2 more types\n"
          "2,031  1.2 MB     1.3 MB  in total, 3 types\n");
  }

  TEST_CASE("JSON has the totals of all, and says how many rows it leaves out") {
    Json document;
    put_histogram(document, three_types(), HistogramBy::type, 2);
    CHECK(document["totals"]["objects"] == 2031);
    CHECK(document["totals"]["types"] == 4);
    CHECK(document["types"].size() == 2);
    CHECK(document["types_left_out"] == 1);

    Json whole;
    put_histogram(whole, three_types(), HistogramBy::module, 100);
    CHECK(whole["modules"].size() == 3);
    CHECK(whole["modules"][0]["module"] == "dict");
    CHECK_FALSE(whole.contains("modules_left_out"));
  }

  TEST_CASE("CSV is exact and harmless") {
    CHECK(histogram_csv(three_types(), HistogramBy::type, 100) ==
          "type,count,bytes,footprint,tracked,distinct_types\n"
          "dict,2000,1200000,1300000,2000,1\n"
          "str,30,3000,3200,0,1\n"
          "\"'=evil\",1,48,64,1,2\n");
  }
}

TEST_SUITE("the head of a document") {
  TEST_CASE("the contract's keys come first, in its order") {
    Inspection inspection;
    inspection.target = {1234, "/usr/bin/python3.12", "3.12.1", false, false};
    inspection.acquisition.pause_ms = 12.34567;
    inspection.acquisition.count(Fault::bad_type, 3);
    const Json head = document_head("histogram", inspection);
    CHECK(head["schema"] == "heapglass.histogram/1");
    CHECK(head["target"].dump() ==
          R"({"pid":1234,"exe":"/usr/bin/python3.12","python":{"version":"3.12.1",)"
          R"("implementation":"cpython","free_threaded":false,"debug":false}})");
    std::string keys;
    for (const auto& entry : head["acquisition"].items()) keys += entry.key() + ' ';
    CHECK(keys.starts_with(
        "mode pause_ms taken_at approximate gc_running on_cpu_threads objects_invalid missed "
        "bytes_read own_sizeof explained "));
    CHECK(head["acquisition"]["pause_ms"] == 12.346);
    CHECK(head["acquisition"]["objects_invalid"] == 3);
    CHECK(head["acquisition"]["faults"]["bad_type"] == 3);
    CHECK(head["acquisition"]["explained"]["pool_percent"].is_null());
    CHECK(nlohmann::json::parse(write_json(head)) == nlohmann::json::parse(head.dump()));
  }

  TEST_CASE("the acquisition line names what is wrong only where something is") {
    Acquisition acquisition;
    acquisition.pause_ms = 12.3;
    acquisition.bytes_read = 350'000'000;
    acquisition.threads = 8;
    acquisition.on_cpu_threads = 1;
    CHECK(acquisition_line(acquisition, false) ==
          "paused 12.3 ms, 350 MB copied, 8 threads (1 on CPU)");
    acquisition.count(Fault::bad_table, 2);
    acquisition.inferred_objects = 1;
    acquisition.inferred_types = {"evil\x1b"};
    CHECK(acquisition_line(acquisition, false) ==
          "paused 12.3 ms, 350 MB copied, 8 threads (1 on CPU), 2 invalid (2 bad table), 1 object "
          "of types without a table, read conservatively (evil\\x1b)");
  }

  TEST_CASE("more than one object in a hundred invalid is too much") {
    Acquisition acquisition;
    acquisition.count(Fault::bad_type, 10);
    CHECK_FALSE(too_much_invalid(acquisition, 1000));
    acquisition.count(Fault::unreadable, 1);
    CHECK(too_much_invalid(acquisition, 1000));
    CHECK_FALSE(too_much_invalid(Acquisition{}, 0));
  }
}

TEST_SUITE("the overview") {
  TEST_CASE("the parts add up to RSS, whatever the numbers say") {
    Inspection inspection;
    inspection.process.rss = 1000;
    inspection.pools = PoolFacts{0, 0, 300, 100};
    for (const std::uint64_t footprint : {0UL, 500UL, 900UL, 1000UL, 5000UL}) {
      const ResidentParts parts = split_resident(inspection, footprint);
      CHECK(parts.objects + parts.free_in_pools + parts.other == 1000);
      CHECK(parts.objects == std::min<std::uint64_t>(footprint, 1000));
    }
    inspection.pools.reset();
    CHECK(split_resident(inspection, 500).other == 500);
  }

  TEST_CASE("the bar is as long as asked for, and every part that is there is seen") {
    CHECK(bar({100, 50, 30, 20}, 10, false) == "#####===..");
    CHECK(bar({1000, 998, 1, 1}, 10, false).size() == 10);
    CHECK(bar({1000, 1, 0, 999}, 10, false) == "#.........");
    CHECK(bar({0, 0, 0, 0}, 10, false).empty());
  }
}

TEST_SUITE("ndjson") {
  TEST_CASE("one object a line; references by kind, as often as there are") {
    HeapGraph graph;
    graph.types = {{0x10, "dict", "builtins"}, {0x20, "a\"\xff", "a"}};
    graph.address = {0x1000, 0x2000};
    graph.type = {TypeId{0}, TypeId{1}};
    graph.bytes = {64, 48};
    graph.footprint = {80, 64};
    graph.refcount = {1, 2};
    graph.flags = {HeapGraph::kTracked, HeapGraph::kInferred};
    graph.reference_begin = {0, 3, 4};
    graph.reference_to = {ObjectId{1}, ObjectId{1}, ObjectId{0}, ObjectId{0}};
    const auto edge = [](ReferenceKind kind) { return edge_code(kind, LabelKind::unnamed, 0); };
    graph.edge = {edge(ReferenceKind::collector), edge(ReferenceKind::collector),
                  edge(ReferenceKind::owned), edge(ReferenceKind::inferred)};
    const ObjectLines lines(graph);
    std::string text;
    lines.append(text, 0);
    lines.append(text, 1);
    CHECK(text == R"({"address":"0x1000","type":"dict","size":64,"footprint":80,"refcount":1,)"
                  R"("tracked":true,"references":["0x2000","0x2000"],"also":["0x1000"]})"
                  "\n"
                  R"({"address":"0x2000","type":"a\"\ufffd","size":48,"footprint":64,"refcount":2,)"
                  R"("tracked":false,"references":[],"also":[],"inferred":["0x1000"]})"
                  "\n");
  }

  TEST_CASE("labels stand beside what they name, parallel to it") {
    HeapGraph graph;
    graph.types = {{0x10, "dict", "builtins"}, {0x20, "a\"", "a"}};
    graph.address = {0x1000, 0x2000};
    graph.type = {TypeId{0}, TypeId{1}};
    graph.bytes = graph.footprint = {64, 48};
    graph.refcount = {1, 1};
    graph.flags = {0, 0};
    graph.names = {".x", "['it\\'s \x1b']"};
    graph.reference_begin = {0, 3, 5};
    graph.reference_to = {ObjectId{1}, ObjectId{1}, ObjectId{0}, ObjectId{0}, ObjectId{1}};
    graph.edge = {edge_code(ReferenceKind::owned, LabelKind::key, 0),
                  edge_code(ReferenceKind::collector, LabelKind::value, 0),
                  edge_code(ReferenceKind::collector, LabelKind::attribute, 0),
                  edge_code(ReferenceKind::inferred, LabelKind::unnamed, 24),
                  edge_code(ReferenceKind::owned, LabelKind::attribute, 1)};
    const ObjectLines lines(graph, true);
    std::string text;
    lines.append(text, 0);
    lines.append(text, 1);
    CHECK(text == R"({"address":"0x1000","type":"dict","size":64,"footprint":64,"refcount":1,)"
                  R"("tracked":false,"references":["0x2000","0x1000"],"edges":["[<a\">]",".x"],)"
                  R"("also":["0x2000"],"also_edges":["<key>"]})"
                  "\n"
                  R"({"address":"0x2000","type":"a\"","size":48,"footprint":48,"refcount":1,)"
                  R"("tracked":false,"references":[],"edges":[],"also":["0x2000"],)"
                  R"("also_edges":["['it\\'s \u001b']"],"inferred":["0x1000"],)"
                  R"("inferred_edges":["<+24>"]})"
                  "\n");
  }
}

TEST_SUITE("output") {
  // A directory that is gone afterwards.
  struct Folder {
    Folder() {
      char name[] = "/tmp/heapglass-test-XXXXXX";
      path = ::mkdtemp(name);
    }
    ~Folder() {
      for (const std::string& file : files()) ::unlink((path + '/' + file).c_str());
      ::rmdir(path.c_str());
    }
    std::vector<std::string> files() const {
      std::vector<std::string> names;
      DIR* dir = ::opendir(path.c_str());
      while (const dirent* entry = ::readdir(dir)) {
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
      }
      ::closedir(dir);
      return names;
    }
    std::string path;
  };

  std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  Exit exit_of(const auto& action) {
    try {
      action();
    } catch (const Failure& failure) {
      return failure.exit();
    }
    return Exit::done;
  }

  TEST_CASE("a file has its name only once it is complete, and is its owner's alone") {
    const Folder folder;
    const std::string path = folder.path + "/out";
    Output output(path, false, {});
    output.write("hello ");
    output.write("world\n");
    CHECK(::access(path.c_str(), F_OK) != 0);
    output.commit();
    CHECK(content(path) == "hello world\n");
    struct stat file {};
    REQUIRE(::stat(path.c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0600);
    CHECK(folder.files().size() == 1);
  }

  TEST_CASE("what is not committed leaves nothing") {
    const Folder folder;
    { Output(folder.path + "/out", false, {}).write("half"); }
    CHECK(folder.files().empty());
  }

  TEST_CASE("an interrupted run leaves nothing") {
    const Folder folder;
    const std::atomic<int> signal{2};
    Run run;
    run.interrupted = &signal;
    {
      Output output(folder.path + "/out", false, run);
      output.write("whole");
      CHECK_THROWS_AS(output.commit(), Interrupted);
    }
    CHECK(folder.files().empty());
  }

  TEST_CASE("a file that exists is kept, unless force says otherwise") {
    const Folder folder;
    const std::string path = folder.path + "/out";
    std::ofstream(path) << "old";
    CHECK(exit_of([&] { Output(path, false, {}); }) == Exit::not_written);
    CHECK(content(path) == "old");
    Output output(path, true, {});
    output.write("new");
    CHECK(content(path) == "old");
    output.commit();
    CHECK(content(path) == "new");
    CHECK(folder.files().size() == 1);
  }

  TEST_CASE("a file that appears meanwhile is not overwritten") {
    const Folder folder;
    const std::string path = folder.path + "/out";
    {
      Output output(path, false, {});
      output.write("ours");
      std::ofstream(path) << "theirs";
      CHECK(exit_of([&] { output.commit(); }) == Exit::not_written);
    }
    CHECK(content(path) == "theirs");
    CHECK(folder.files().size() == 1);
  }

  TEST_CASE("links and devices are never replaced") {
    const Folder folder;
    const std::string path = folder.path + "/link";
    REQUIRE(::symlink("/dev/null", path.c_str()) == 0);
    CHECK(exit_of([&] { Output(path, true, {}); }) == Exit::not_written);
    CHECK(exit_of([&] { Output(folder.path + "/no/such", false, {}); }) == Exit::not_written);
  }
}
