#include "inspector/target/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <vector>

#include "inspector/target/proc_text.h"
#include "symbols/failure.h"

using namespace heapglass;

namespace {

// A child that does nothing; ended and collected with its owner.
struct SleepingChild {
  pid_t pid = ::fork();
  SleepingChild() {
    if (pid == 0) {
      while (true) ::pause();
    }
  }
  ~SleepingChild() { end(); }
  void end() {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    pid = 0;
  }
};

struct Pages {
  std::size_t size;
  char* data;
  explicit Pages(std::size_t count)
      : size(count * 4096),
        data(static_cast<char*>(
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  ~Pages() { ::munmap(data, size); }
  Pages(const Pages&) = delete;
  Address address() const { return reinterpret_cast<Address>(data); }
};

Failure failure_of_open(pid_t pid) {
  try {
    Process::open(pid);
  } catch (const Failure& failure) {
    return failure;
  }
  FAIL("Process::open did not fail");
  return {Exit::done, ""};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a stat line's name ends at the last parenthesis") {
  const std::string tail =
      " S 7 42 42 0 -1 4194560 103 0 0 0 1 2 3 4 20 0 3 0 98765 1000 50 18446744073709551615\n";
  const auto plain = parse_stat("42 (python3)" + tail);
  REQUIRE(plain);
  CHECK(plain->comm == "python3");
  CHECK(plain->state == 'S');
  CHECK(plain->parent == 7);
  CHECK(plain->flags == 4194560);
  CHECK(plain->start_ticks == 98765);

  const auto hostile = parse_stat("42 (a) R 1 (b\n) Z 9)" + tail);
  REQUIRE(hostile);
  CHECK(hostile->comm == "a) R 1 (b\n) Z 9");
  CHECK(hostile->state == 'S');
  CHECK(hostile->parent == 7);
}

TEST_CASE("what is no stat line is refused") {
  CHECK_FALSE(parse_stat(""));
  CHECK_FALSE(parse_stat("42 python3 S 1"));
  CHECK_FALSE(parse_stat(")("));
  CHECK_FALSE(parse_stat("42 (python3) S 7 42"));
}

TEST_CASE("values of a status file are found by their whole name") {
  const std::string status =
      "Name:\tUid: 9\nUid:\t1000\t1001\t1002\t1003\nNSpid:\t4242\t17\nCapEff:\t00000000a80425fb\n"
      "VmSwap:\t      12 kB\nSeccomp:\t2\nSeccomp_filters:\t1\n";
  CHECK(status_value(status, "Name") == "Uid: 9");
  CHECK(status_numbers(status, "Uid") == std::vector<std::uint64_t>{1000, 1001, 1002, 1003});
  CHECK(status_numbers(status, "NSpid").back() == 17);
  CHECK(status_number(status, "CapEff", 16) == 0xa80425fb);
  CHECK(status_number(status, "VmSwap") == 12);
  CHECK(status_number(status, "Seccomp") == 2);
  CHECK(status_value(status, "Sec").empty());
  CHECK(status_number(status, "Threads") == 0);
}

TEST_CASE("arguments are joined by blanks") {
  using namespace std::string_literals;
  CHECK(join_arguments("python3\0-c\0pass\0"s) == "python3 -c pass");
  CHECK(join_arguments("\0\0"s).empty());
}

TEST_CASE("facts of a live process") {
  const SleepingChild child;
  const auto facts = read_process(child.pid);
  REQUIRE(facts);
  CHECK(facts->pid == child.pid);
  CHECK(facts->parent == ::getpid());
  CHECK(facts->tracer == 0);
  CHECK(facts->uid == ::geteuid());
  CHECK(facts->threads == 1);
  CHECK(facts->rss > 0);
  CHECK(facts->age_seconds >= 0);
  CHECK(facts->age_seconds < 60);
  CHECK(contains(facts->exe, "/"));
  CHECK_FALSE(facts->command.empty());
  CHECK(std::ranges::binary_search(all_pids(), child.pid));
}

TEST_CASE("there is no such process") {
  SleepingChild child;
  const pid_t pid = child.pid;
  child.end();
  CHECK_FALSE(read_process(pid));
  CHECK_FALSE(read_process(0));
  CHECK_FALSE(read_process(-1));
  const Failure failure = failure_of_open(pid);
  CHECK(failure.exit() == Exit::target_gone);
  CHECK(failure.what() == "there is no process " + std::to_string(pid));
  CHECK(failure.remedy() == "heapglass ps");
}

TEST_CASE("a zombie is told from a process") {
  const SleepingChild child;
  ::kill(child.pid, SIGKILL);
  siginfo_t info;
  ::waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT);
  const Failure failure = failure_of_open(child.pid);
  CHECK(failure.exit() == Exit::target_gone);
  CHECK(contains(failure.what(), "process " + std::to_string(child.pid) + " is a zombie"));
  CHECK(contains(failure.what(), std::to_string(::getpid())));
}

TEST_CASE("a thread of the kernel is no Python") {
  const auto stat = read_stat(2);
  if (!stat || (stat->flags & kKernelThread) == 0) return;  // a container shows none
  CHECK(failure_of_open(2).exit() == Exit::not_cpython);
}

TEST_CASE("an opened process notices its end") {
  SleepingChild child;
  const Process process = Process::open(child.pid);
  CHECK(process.pid() == child.pid);
  CHECK(process.alive());
  CHECK_NOTHROW(process.require_alive());
  child.end();
  CHECK_FALSE(process.alive());
  CHECK_THROWS_AS(process.require_alive(), Failure);
}

TEST_CASE("an opened process notices that it became another program") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    char byte = 0;
    if (::read(pipe[0], &byte, 1) == 1) ::execl("/bin/sleep", "sleep", "100", nullptr);
    ::_exit(1);
  }
  const Process process = Process::open(pid);
  CHECK(process.alive());
  CHECK(::write(pipe[1], "", 1) == 1);
  while (read_stat(pid).value_or(StatLine{}).comm != "sleep") ::usleep(1000);
  CHECK_FALSE(process.alive());
  try {
    process.require_alive();
    FAIL("it did not notice");
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::target_gone);
    CHECK(contains(failure.what(), "another program"));
  }
  CHECK(Process::open(pid).alive());
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  for (const int fd : pipe) ::close(fd);
}

TEST_CASE("memory is read by many requests at once, and each says whether it could be") {
  constexpr std::size_t kRequests = 5000;  // several batches
  Pages pages(3);
  for (std::size_t i = 0; i < pages.size; ++i) pages.data[i] = static_cast<char>(i * 7);
  const SleepingChild child;          // has a copy of the pages
  ::munmap(pages.data + 4096, 4096);  // ours only

  ProcessMemory memory(child.pid);
  std::vector<std::uint64_t> words(kRequests);
  std::vector<ReadRequest> requests;
  for (std::size_t i = 0; i < kRequests; ++i) {
    const bool bad = i % 10 == 3;
    requests.push_back({bad ? Address{16} : pages.address() + i * 2, &words[i], sizeof words[i]});
  }
  memory.read(requests);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kRequests; ++i) {
    const bool bad = i % 10 == 3;
    if (requests[i].ok == bad) ++wrong;
    char expected[8];
    for (std::size_t k = 0; k < 8; ++k) expected[k] = static_cast<char>((i * 2 + k) * 7);
    if (!bad && std::memcmp(&words[i], expected, 8) != 0) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a request that crosses into a hole is not ok, those behind it are") {
  Pages pages(3);
  std::memset(pages.data, 'a', pages.size);
  ::munmap(pages.data + 4096, 4096);
  const SleepingChild child;
  ProcessMemory memory(child.pid);

  std::vector<char> buffer(3 * 4096);
  const Address begin = pages.address();
  std::vector<ReadRequest> requests{
      {begin, buffer.data(), 4096},          // ends at the hole
      {begin + 4000, buffer.data(), 97},     // one byte into it
      {begin, buffer.data(), 3 * 4096},      // across it
      {begin + 5000, buffer.data(), 1},      // inside it
      {begin + 2 * 4096, buffer.data(), 1},  // behind it
      {begin + 3 * 4096 - 1, buffer.data(), 1},
      {begin + 5000, buffer.data(), 0},      // nothing asked, nothing amiss
      {~Address{0} - 3, buffer.data(), 8},   // wraps around
      {Address{1} << 60, buffer.data(), 8},  // no user address
      {begin + 2 * 4096 + 7, buffer.data(), 8},
  };
  memory.read(requests);
  std::vector<bool> ok;
  for (const ReadRequest& request : requests) ok.push_back(request.ok);
  CHECK(ok == std::vector<bool>{true, false, false, false, true, true, true, false, false, true});
}

TEST_CASE("memory of a process that has ended cannot be read") {
  SleepingChild child;
  ProcessMemory memory(child.pid);
  static const int kHere = 42;
  CHECK(memory.value<int>(reinterpret_cast<Address>(&kHere)) == 42);
  child.end();
  CHECK_FALSE(memory.value<int>(reinterpret_cast<Address>(&kHere)));
}
