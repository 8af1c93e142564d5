// inspector/python/line_table.h: the lines that the interpreters themselves give.
#include "inspector/python/line_table.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/fake_heap.h"

using namespace heapglass;

namespace {

struct Start {
  std::int64_t position;
  std::int64_t line;  // -1: none
};

// One function's table as each interpreter compiles it (tests/support/line_tables.py), the length
// of its code, and where its lines begin.
struct Recorded {
  const char* python;
  std::string_view table;  // hex
  std::int64_t code_size;
  std::vector<Start> starts;
};

constexpr std::int64_t kFirstLine = 3;

const Recorded kRecorded[] = {
    {"3.8",
     "0002040108010801020106010201060102ff04fe0a0404010c011001020102ff020102ff18030a7f007f0030",
     130,
     {{0, 5},   {4, 6},   {12, 7},  {20, 8},  {22, 9},   {28, 10},  {30, 11},
      {36, 12}, {38, 11}, {42, 9},  {52, 13}, {56, 14},  {68, 15},  {84, 16},
      {86, 17}, {88, 16}, {90, 17}, {92, 16}, {116, 19}, {126, 321}}},
    {"3.9",
     "0002040108010801020106010201060102ff04fe0a0404010c010e01020102ff020102ff1a03147f007f0030",
     140,
     {{0, 5},   {4, 6},   {12, 7},  {20, 8},  {22, 9},   {28, 10},  {30, 11},
      {36, 12}, {38, 11}, {42, 9},  {52, 13}, {56, 14},  {68, 15},  {82, 16},
      {84, 17}, {86, 16}, {88, 17}, {90, 16}, {116, 19}, {136, 321}}},
    {"3.10",
     "0402080108010201060102010601020104ff0afe04040c010e010201020102ff020102ff088002ff02ff0805007f0"
     "07f0430008100810ad0",
     126,
     {{0, 5},   {4, 6},   {12, 7},  {20, 8},   {22, 9},   {28, 10},  {30, 11},   {36, 12},
      {38, 11}, {42, 9},  {52, 13}, {56, 14},  {68, 15},  {82, 16},  {84, 17},   {86, 16},
      {88, 17}, {90, 16}, {92, -1}, {100, 15}, {102, 14}, {104, 19}, {112, 321}, {116, 19}}},
    {"3.11",
     "8000e00c0d8045d81015f000060531f0000605318804d80b0f90258a3c883cd80c14d8080d95179814d8191ef0020"
     "12030f000012030d8292ef003012030f100012030f400012030f005031231f100031231f400031231f10003093188"
     "058805f008060515d810119045910988058805f8dd0b1cf00002051df00002051df00002051ddd0e18d80c10f1030"
     "10f12f400010f12d8171cf00301091df8f8f8f8f00302051df8f8f8f00300090ef50a00090e8865890c8c0c880c88"
     "0cf88d058865890c8c0c880c880cf8f8f8f05c09000c11804c",
     252,
     {{0, 3},    {2, 5},    {6, 6},    {14, 7},   {26, 8},   {28, 9},   {44, 10},  {46, 11},
      {50, 12},  {52, 11},  {68, 9},   {92, 13},  {94, 14},  {106, -1}, {108, 15}, {126, 16},
      {138, 17}, {140, 16}, {154, 17}, {156, 16}, {158, -1}, {166, 15}, {168, -1}, {174, 14},
      {176, 19}, {208, -1}, {210, 19}, {242, -1}, {248, 321}}},
    {"3.12",
     "8000e00c0d8045d81015f2000605318804d80b0f90258a3cd80c14d8080d94179814d8191ee0292ef603012030d82"
     "425f203002122f200012030f405031231f1000309318905f007060531f00e060515d81011904591098905f40a0009"
     "0e88658c0cf05c09000c11804cf9f26d09012030f8f408000c1df20002051ddc0e18d80c10f303010f12d8171cf00"
     "301091dfbf00302051dfbf40800090e88658d0cfa",
     234,
     {{0, 3},     {2, 5},    {6, 6},    {16, 7},   {26, 8},   {28, 9},   {42, 10},  {44, 12},
      {46, 11},   {60, 12},  {62, 11},  {74, 9},   {92, 6},   {94, 13},  {96, 14},  {108, 19},
      {130, 321}, {134, -1}, {138, 11}, {144, -1}, {146, 15}, {162, 16}, {172, 17}, {174, 16},
      {182, 17},  {184, 16}, {186, -1}, {194, 15}, {196, -1}, {204, 19}, {228, -1}}},
    {"3.13",
     "8000e00c0d8045db10158804d80b0f8b3cd90c14d8080d94179814d8191ee1292ef303012030d9292ea041f303002"
     "122d9292ef103012030f105031231f1000309318a05f107001116f00e060515d81011904591098905f40a00090e88"
     "658c0cf05c09000c11804cf9f26d09012030f8f408000c1df30002051ddc0e18d80c10f303010f12d8171cf003010"
     "91dfbf00302051dfbf40800090e88658d0cfa",
     240,
     {{0, 3},    {2, 5},    {6, 6},    {16, 7},   {26, 8},    {30, 9},   {44, 10},
      {46, 12},  {50, 11},  {58, 12},  {64, 11},  {72, 12},   {76, 11},  {80, 9},
      {94, 6},   {98, 13},  {100, 14}, {112, 19}, {134, 321}, {138, -1}, {142, 11},
      {148, -1}, {150, 15}, {168, 16}, {178, 17}, {180, 16},  {188, 17}, {190, 16},
      {192, -1}, {200, 15}, {202, -1}, {210, 19}, {234, -1}}},
};

std::vector<std::byte> bytes_of(std::string_view hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(std::byte(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

}  // namespace

TEST_CASE("every instruction has the line that its interpreter gives it") {
  for (const Recorded& recorded : kRecorded) {
    CAPTURE(recorded.python);
    const LineTable kind = load_layout(recorded.python).dialects.line_table;
    const std::vector<std::byte> table = bytes_of(recorded.table);
    for (std::size_t i = 0; i < recorded.starts.size(); ++i) {
      const std::int64_t end =
          i + 1 < recorded.starts.size() ? recorded.starts[i + 1].position : recorded.code_size;
      for (std::int64_t at = recorded.starts[i].position; at < end; at += 2) {
        CAPTURE(at);
        CHECK(line_at(kind, table, kFirstLine, at).value_or(-1) == recorded.starts[i].line);
      }
    }
  }
}

TEST_CASE("a frame that has not begun stands on the first line") {
  for (const LineTable kind : {LineTable::lnotab, LineTable::ranges, LineTable::locations}) {
    CHECK(line_at(kind, {}, 12, -2) == 12);
  }
}

TEST_CASE("behind the end of a table there is no line") {
  for (const Recorded& recorded : kRecorded) {
    CAPTURE(recorded.python);
    const LineTable kind = load_layout(recorded.python).dialects.line_table;
    if (kind == LineTable::lnotab) continue;  // the last one goes on
    const std::vector<std::byte> table = bytes_of(recorded.table);
    CHECK(line_at(kind, table, kFirstLine, recorded.code_size) == std::nullopt);
    CHECK(line_at(kind, table, kFirstLine, INT64_MAX) == std::nullopt);
  }
}

TEST_CASE("a table of any bytes, cut anywhere, gives an answer and is not read behind its end") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::byte> table(random() % 400);  // of its own size, for ASan
    for (std::byte& byte : table) byte = std::byte(random() & 0xFF);
    const auto position = static_cast<std::int64_t>(random() % 4000);
    for (const LineTable kind : {LineTable::lnotab, LineTable::ranges, LineTable::locations}) {
      const std::int64_t line = line_at(kind, table, INT32_MAX, position).value_or(0);
      CHECK(std::abs(line) < std::int64_t{1} << 46);
    }
  }
}
