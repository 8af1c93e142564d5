#include "inspector/target/self.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace heapglass;

namespace {

// A cgroup mount made of plain files.
struct FakeCgroups {
  std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("heapglass-self-" + std::to_string(::getpid()));
  ~FakeCgroups() { std::filesystem::remove_all(root); }
  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }
};

}  // namespace

TEST_CASE("the memory cgroup of a process") {
  const auto v2 = cgroup_of("0::/user.slice/session-1.scope\n", "memory");
  REQUIRE(v2);
  CHECK_FALSE(v2->v1);
  CHECK(v2->path == "/user.slice/session-1.scope");
  const auto v1 = cgroup_of("9:name=systemd:/\n4:cpu,memory:/docker/ab:c\n0::/\n", "memory");
  REQUIRE(v1);
  CHECK(v1->v1);
  CHECK(v1->path == "/docker/ab:c");
  CHECK_FALSE(cgroup_of("no cgroup at all", "memory"));
}

TEST_CASE("what two cgroups have in common") {
  CHECK(common_path("/a/b", "/a/b") == "/a/b");
  CHECK(common_path("/a/b", "/a/bc") == "/a");
  CHECK(common_path("/a/b/c", "/a/b") == "/a/b");
  CHECK(common_path("/a", "/b").empty());
}

TEST_CASE("the tightest limit on the way up counts, and what can be dropped is free") {
  const FakeCgroups fake;
  const Cgroup cgroup{false, "/pod/app"};
  fake.write("pod/app/memory.max", "max\n");
  fake.write("pod/app/memory.current", "700\n");
  CHECK_FALSE(memory_headroom(cgroup, fake.root));
  fake.write("pod/memory.max", "1000\n");
  fake.write("pod/memory.current", "700\n");
  CHECK(memory_headroom(cgroup, fake.root) == 300);
  fake.write("pod/memory.stat", "anon 5\ninactive_file 100\nactive_file 50\n");
  CHECK(memory_headroom(cgroup, fake.root) == 400);
  fake.write("pod/app/memory.max", "750\n");
  CHECK(memory_headroom(cgroup, fake.root) == 50);
  fake.write("pod/app/memory.max", "600\n");
  CHECK(memory_headroom(cgroup, fake.root) == 0);
}

TEST_CASE("a limit of version 1, seen in a container whose path is not below its mount") {
  const FakeCgroups fake;
  fake.write("memory/memory.limit_in_bytes", "5000\n");
  fake.write("memory/memory.usage_in_bytes", "1000\n");
  CHECK(memory_headroom({true, "/docker/abc"}, fake.root) == 4000);
  fake.write("memory/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK_FALSE(memory_headroom({true, "/docker/abc"}, fake.root));
}

TEST_CASE("how many processes may still be made") {
  const FakeCgroups fake;
  fake.write("pod/app/pids.max", "max\n");
  fake.write("pod/app/pids.current", "7\n");
  CHECK_FALSE(pids_headroom({false, "/pod/app"}, fake.root));
  fake.write("pod/pids.max", "8\n");
  fake.write("pod/pids.current", "7\n");
  CHECK(pids_headroom({false, "/pod/app"}, fake.root) == 1);
  fake.write("pids/pids.max", "5\n");
  fake.write("pids/pids.current", "6\n");
  CHECK(pids_headroom({true, "/elsewhere"}, fake.root) == 0);
}

TEST_CASE("there is memory here") { CHECK(free_memory_here() > 1 << 20); }
