// symbols/maps.cpp: the kernel's text, and text that only looks like it.
#include "symbols/maps.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

#include "symbols/failure.h"

using namespace heapglass;

namespace {

// Recorded from Debian's python3.11, shortened.
constexpr std::string_view kRecorded =
    "00400000-0041f000 r--p 00000000 fe:00 9876                               /usr/bin/python3.11\n"
    "0041f000-006ca000 r-xp 0001f000 fe:00 9876                               /usr/bin/python3.11\n"
    "00a56000-00bd4000 rw-p 00655000 fe:00 9876                               /usr/bin/python3.11\n"
    "01d5e000-01e7f000 rw-p 00000000 00:00 0                                  [heap]\n"
    "7f3c5a000000-7f3c5a021000 rw-p 00000000 00:00 0 \n"
    "7f3c5a021000-7f3c5e000000 ---p 00000000 00:00 0 \n"
    "7f3c60000000-7f3c60001000 rw-s 00001000 00:01 2049                       /memfd:x (deleted)\n"
    "7ffd1b5f0000-7ffd1b611000 rw-p 00000000 00:00 0                          [stack]\n"
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

std::vector<Mapping> parse_one(std::string_view line) { return parse_maps(line); }

Exit exit_of_reading(pid_t pid) {
  try {
    (void)read_maps(pid);
  } catch (const Failure& failure) {
    CHECK_FALSE(std::string(failure.what()).empty());
    return failure.exit();
  }
  return Exit::done;
}

}  // namespace

TEST_CASE("maps: recorded text becomes mappings") {
  const auto maps = parse_maps(kRecorded);
  REQUIRE(maps.size() == 9);

  CHECK(maps[1].range == AddressRange{0x41f000, 0x6ca000});
  CHECK(maps[1].readable);
  CHECK_FALSE(maps[1].writable);
  CHECK(maps[1].executable);
  CHECK_FALSE(maps[1].shared);
  CHECK(maps[1].offset == 0x1f000);
  CHECK(maps[1].device_major == 0xfe);
  CHECK(maps[1].device_minor == 0);
  CHECK(maps[1].inode == 9876);
  CHECK(maps[1].path == "/usr/bin/python3.11");
  CHECK(maps[1].file_backed());

  CHECK(maps[3].path == "[heap]");
  CHECK_FALSE(maps[3].file_backed());
  CHECK(maps[4].path.empty());
  CHECK_FALSE(maps[5].readable);
  CHECK(maps[6].shared);
  CHECK(maps[6].path == "/memfd:x");
  CHECK(maps[6].deleted);
  CHECK_FALSE(maps[7].deleted);
  CHECK(maps[8].range.end == 0xffffffffff601000);
}

TEST_CASE("maps: the last line may lack its newline") {
  CHECK(parse_one("1000-2000 r--p 00000000 00:00 0").size() == 1);
  CHECK(parse_one("1000-2000 r--p 00000000 00:00 0 ").front().path.empty());
}

TEST_CASE("maps: only the newline is escaped in names, other backslashes are the name's") {
  const auto maps = parse_one(
      "1000-2000 r--p 00000000 08:01 7   /tmp/two\\012lines (deleted)\n"
      "2000-3000 r--p 00000000 08:01 8   /tmp/a\\040b\\\n");
  REQUIRE(maps.size() == 2);
  CHECK(maps[0].path == "/tmp/two\nlines");
  CHECK(maps[0].deleted);
  CHECK(maps[1].path == "/tmp/a\\040b\\");
}

TEST_CASE("maps: a name that imitates a mapping stays a name") {
  const auto maps =
      parse_one("1000-2000 r--p 00000000 08:01 7 /tmp/x\\0123000-4000 rwxp 00000000 00:00 0\n");
  REQUIRE(maps.size() == 1);
  CHECK(maps[0].range == AddressRange{0x1000, 0x2000});
}

TEST_CASE("maps: what smaps says between the mappings is left out") {
  const auto maps = parse_maps(
      "1000-2000 rw-p 00000000 00:00 0 [heap]\n"
      "Size:                  4 kB\nAnonymous:             4 kB\nFilePmdMapped: 0 kB\n"
      "VmFlags: rd wr mr mw me ac\n"
      "3000-4000 rw-p 00000000 00:00 0\n");
  CHECK(maps.size() == 2);
}

TEST_CASE("maps: lines that are no mapping are left out") {
  for (const char* line : {
           "",
           "\n\n\n",
           "-",
           "1000",
           "1000-",
           "1000-2000",
           "1000-2000 r--p",
           "1000-2000 r--p 00000000",
           "1000-2000 r--p 00000000 08:01",
           "1000-2000 r--p 00000000 08:01 ",
           "1000-2000 r--p 00000000 0801 7",
           "1000-2000 rwx 00000000 08:01 7",
           "1000-2000 zzzz 00000000 08:01 7",
           "1000-2000 wr-p 00000000 08:01 7",
           "1000-2000 r--p 00000000 08:01 7/no/blank",
           "2000-1000 r--p 00000000 08:01 7",
           "1000-1000 r--p 00000000 08:01 7",
           "-1000-2000 r--p 00000000 08:01 7",
           "0x1000-0x2000 r--p 00000000 08:01 7",
           "10000000000000000-10000000000001000 r--p 0 08:01 7",
           "1000-2000 r--p 10000000000000000 08:01 7",
           "1000-2000 r--p 00000000 100000000:01 7",
           "1000-2000 r--p 00000000 08:01 99999999999999999999",
           "1000-2000 r--p 00000000 08:01 -7",
       }) {
    CAPTURE(line);
    CHECK(parse_one(line).empty());
  }
  const std::string_view with_nul("1000-2000\0r--p 00000000 08:01 7", 31);
  CHECK(parse_one(with_nul).empty());
}

TEST_CASE("maps: whatever the text, the result is sorted and without overlaps") {
  const auto maps = parse_maps(
      "5000-6000 r--p 00000000 00:00 0 late\n"
      "1000-3000 r--p 00000000 00:00 0 early\n"
      "2000-4000 r--p 00000000 00:00 0 overlaps\n"
      "0-ffffffffffffffff r--p 00000000 00:00 0 everything\n"
      "5000-6000 r--p 00000000 00:00 0 again\n");
  for (std::size_t i = 1; i < maps.size(); ++i) CHECK(maps[i - 1].range.end <= maps[i].range.begin);
  const auto tidy = parse_maps(
      "5000-6000 r--p 00000000 00:00 0 late\n"
      "1000-3000 r--p 00000000 00:00 0 early\n"
      "2000-4000 r--p 00000000 00:00 0 overlaps\n");
  REQUIRE(tidy.size() == 2);
  CHECK(tidy[0].path == "early");
  CHECK(tidy[1].path == "late");
}

TEST_CASE("maps: every beginning of a real text is parsed without harm") {
  for (std::size_t size = 0; size <= kRecorded.size(); ++size)
    CHECK(parse_maps(kRecorded.substr(0, size)).size() <= 9);
}

TEST_CASE("maps: of a live process, one's own") {
  const auto maps = read_maps(getpid());
  const auto here = reinterpret_cast<Address>(&exit_of_reading);
  bool found = false;
  for (const Mapping& mapping : maps)
    if (mapping.range.contains(here)) {
      found = true;
      CHECK(mapping.executable);
      CHECK(mapping.file_backed());
    }
  CHECK(found);
}

TEST_CASE("maps: a process that is not there is gone") {
  CHECK(exit_of_reading(0x7ffffff0) == Exit::target_gone);
}

TEST_CASE("maps: another user's process is not permitted, with the remedy") {
  if (geteuid() == 0) {
    MESSAGE("skipped: root may read every process");
    return;
  }
  try {
    (void)read_maps(1);
    FAIL("pid 1 was readable");
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::not_permitted);
    CHECK(failure.remedy() == "sudo heapglass doctor 1");
  }
}
