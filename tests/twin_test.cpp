// The twin, of children of the test that watch themselves through shared memory.
#include "inspector/target/twin.h"

#include <doctest/doctest.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <functional>
#include <new>
#include <thread>

#include "inspector/target/inherited.h"
#include "inspector/target/proc_text.h"
#include "inspector/target/process.h"
#include "symbols/failure.h"

using namespace heapglass;
using namespace std::chrono_literals;

#if defined(__x86_64__)

namespace {

// Shared by a child and the test.
struct Board {
  std::atomic<bool> ready, done;
  std::atomic<std::uint64_t> turns, wrong, children, signals;
  std::atomic<Address> address;
};

struct Child {
  Board& seen;
  pid_t pid;

  explicit Child(const std::function<void(Board&)>& body)
      : seen(*new (::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Board{}),
        pid(::fork()) {
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      body(seen);
      ::_exit(0);
    }
    for (int i = 0; i < 5000 && !seen.ready; ++i) std::this_thread::sleep_for(1ms);
    REQUIRE(seen.ready);
  }
  ~Child() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    ::munmap(&seen, sizeof(Board));
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool runs_on() const {
    const std::uint64_t before = seen.turns;
    for (int i = 0; i < 2000; ++i) {
      if (seen.turns > before + 2) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }
};

void count_sigchld(Board& board) {
  static Board* told;
  told = &board;
  std::signal(SIGCHLD, [](int) { ++told->signals; });
}

// What a wait of any kind would find.
void look_for_children(Board& board) {
  for (const unsigned kind : {0U, unsigned{__WCLONE}, unsigned{__WALL}}) {
    if (::waitpid(-1, nullptr, static_cast<int>(WNOHANG | kind)) > 0) ++board.children;
  }
}

// Values in all vector registers, over a loop without a system call; whether they stayed.
bool vectors_stay() {
  alignas(64) std::array<std::uint64_t, 16> in{}, out{};
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = 0x0123456789abcdef * (i + 1);
  std::uint64_t turns = 200'000;
  asm volatile(
      "movups 0(%[in]), %%xmm0\n movups 16(%[in]), %%xmm7\n"
      "movups 32(%[in]), %%xmm8\n movups 48(%[in]), %%xmm15\n"
      "1: dec %[turns]\n jnz 1b\n"
      "movups %%xmm0, 0(%[out])\n movups %%xmm7, 16(%[out])\n"
      "movups %%xmm8, 32(%[out])\n movups %%xmm15, 48(%[out])\n"
      : [turns] "+r"(turns)
      : [in] "r"(in.data()), [out] "r"(out.data())
      : "memory", "cc", "xmm0", "xmm7", "xmm8", "xmm15");
  bool same = std::equal(in.begin(), in.begin() + 8, out.begin());
  if (__builtin_cpu_supports("avx")) {
    turns = 200'000;
    asm volatile(
        "vmovups 0(%[in]), %%ymm1\n vmovups 32(%[in]), %%ymm9\n"
        "1: dec %[turns]\n jnz 1b\n"
        "vmovups %%ymm1, 0(%[out])\n vmovups %%ymm9, 32(%[out])\n"
        "vzeroupper\n"
        : [turns] "+r"(turns)
        : [in] "r"(in.data()), [out] "r"(out.data())
        : "memory", "cc", "xmm1", "xmm9");
    same = same && std::equal(in.begin(), in.begin() + 8, out.begin());
  }
  return same;
}

void compute(Board& board) {
  board.ready = true;
  while (true) {
    if (!vectors_stay()) ++board.wrong;
    ++board.turns;
  }
}

std::uint64_t value_at(pid_t pid, Address address) {
  return ProcessMemory(pid).value<std::uint64_t>(address).value_or(0);
}

// How many twins of `target` are still alive when those that the kernel is ending had their time.
int alive_below(pid_t target) {
  constexpr int kTries = 1000;
  int alive = 0;
  for (int i = 0; i < kTries; ++i) {
    alive = 0;
    for (const pid_t pid : all_pids()) {
      const auto stat = read_stat(pid);
      if (stat && stat->parent == target && stat->state != 'Z' && stat->state != 'X') ++alive;
    }
    if (alive == 0) return 0;
    ::usleep(1000);
  }
  return alive;
}

}  // namespace

TEST_CASE("a twin keeps the memory of one moment; the target goes on and sees no child") {
  const Child child([](Board& board) {
    count_sigchld(board);
    static volatile std::uint64_t own = 0;  // private, and so the twin's is another
    board.address = reinterpret_cast<Address>(&own);
    board.ready = true;
    while (true) {
      own = own + 1;
      look_for_children(board);
      ++board.turns;
      ::usleep(100);
    }
  });
  for (int round = 0; round < 20; ++round) {
    Twin twin(child.pid, Run{});
    const std::uint64_t then = value_at(twin.pid(), child.seen.address);
    CHECK(then > 0);
    CHECK(child.runs_on());
    CHECK(value_at(twin.pid(), child.seen.address) == then);
    CHECK(value_at(child.pid, child.seen.address) > then);
    CHECK(twin.alive());
    const pid_t pid = twin.pid();
    twin.end();
    CHECK_FALSE(read_stat(pid));
  }
  CHECK(child.runs_on());
  CHECK(child.seen.children == 0);
  CHECK(child.seen.signals == 0);
}

TEST_CASE("a target that only computes, and never is inside a system call") {
  const Child child(compute);
  for (int round = 0; round < 20; ++round) Twin(child.pid, Run{}).end();
  CHECK(child.runs_on());
  CHECK(child.seen.wrong == 0);
}

TEST_CASE(
    "an inspector that is killed while it makes twins leaves no twin, and registers as they were") {
  for (const bool computes : {true, false}) {
    const Child child([computes](Board& board) {
      if (computes) compute(board);
      board.ready = true;
      while (true) {
        const timespec short_time{0, 1'000'000};
        if (::nanosleep(&short_time, nullptr) != 0 && errno != EINTR) ++board.wrong;
        ++board.turns;
      }
    });
    int standing = 0, twins = 0;
    for (int round = 0; round < 40; ++round) {
      const pid_t inspector = ::fork();
      if (inspector == 0) {
        while (true) Twin(child.pid, Run{}).end();
      }
      ::usleep(static_cast<useconds_t>(500 + round * 211));
      ::kill(inspector, SIGKILL);
      ::waitpid(inspector, nullptr, 0);
      if (!child.runs_on()) ++standing;
      twins += alive_below(child.pid);
    }
    CHECK(standing == 0);
    CHECK(twins == 0);
    CHECK(child.seen.wrong == 0);
  }
}

TEST_CASE("calls that were interrupted go on as after SIGSTOP and SIGCONT") {
  const Child child([](Board& board) {
    int never[2];
    if (::pipe(never) != 0) ++board.wrong;
    std::thread([&board, never] {
      char byte = 0;
      if (::read(never[0], &byte, 1) != 1) ++board.wrong;  // until the test's end
    }).detach();
    board.ready = true;
    while (true) {
      const auto begin = std::chrono::steady_clock::now();
      const timespec time{0, 20'000'000};
      if (::nanosleep(&time, nullptr) != 0) ++board.wrong;
      pollfd nothing{never[0], POLLIN, 0};
      if (::poll(&nothing, 1, 20) != 0) ++board.wrong;
      sigset_t usr1;
      sigemptyset(&usr1);
      sigaddset(&usr1, SIGUSR1);
      const timespec third{0, 20'000'000};
      if (::ppoll(&nothing, 1, &third, &usr1) != 0) ++board.wrong;
      if (std::chrono::steady_clock::now() - begin < 59ms) ++board.wrong;
      ++board.turns;
    }
  });
  for (int round = 0; round < 40; ++round) {
    Twin twin(child.pid, Run{});
    std::this_thread::sleep_for(1ms);
  }
  CHECK(child.runs_on());
  CHECK(child.seen.wrong == 0);
}

TEST_CASE("a target in a group-stop has a twin, and stays in it") {
  const Child child([](Board& board) {
    board.ready = true;
    while (true) ++board.turns;
  });
  ::kill(child.pid, SIGSTOP);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child.pid), &info, WSTOPPED | WNOWAIT);
  const std::uint64_t before = child.seen.turns;
  Twin(child.pid, Run{}).end();
  std::this_thread::sleep_for(20ms);
  CHECK(child.seen.turns == before);
  CHECK(read_stat(child.pid)->state == 'T');
  ::kill(child.pid, SIGCONT);
  CHECK(child.runs_on());
}

TEST_CASE("on an alternate signal stack nothing is run") {
  const Child child([](Board& board) {
    static Board* told;
    told = &board;
    stack_t stack{};
    stack.ss_size = 1 << 20;
    stack.ss_sp =
        ::mmap(nullptr, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ::sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_flags = SA_ONSTACK;
    action.sa_handler = [](int) {
      told->ready = true;
      while (!told->done) {
        ::usleep(1000);
        ++told->turns;
      }
    };
    ::sigaction(SIGUSR1, &action, nullptr);
    ::raise(SIGUSR1);
  });
  try {
    Twin twin(child.pid, Run{});
    FAIL("it made a twin");
  } catch (const CannotClone& refusal) {
    CHECK(refusal.reason.find("not its own") != std::string::npos);
  }
  CHECK(child.runs_on());
}

namespace {

// Kills the process that makes another.
void forbid_clone() {
  constexpr std::uint32_t kNumber = 0;  // offsetof(seccomp_data, nr)
  std::array<sock_filter, 4> program{
      sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, kNumber},
      sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_clone},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  const sock_fprog filter{program.size(), program.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

void drop_administrator() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  ::syscall(SYS_capget, &header, data);
  data[0].effective &= ~(1U << CAP_SYS_ADMIN);
  data[0].permitted &= ~(1U << CAP_SYS_ADMIN);
  ::syscall(SYS_capset, &header, data);
}

}  // namespace

TEST_CASE("a seccomp filter is suspended for the moment, or nothing is run") {
  const Child child([](Board& board) {
    forbid_clone();
    board.ready = true;
    while (true) {
      ::usleep(500);
      ++board.turns;
    }
  });
  // In a process of its own: capabilities that are dropped do not come back.
  const pid_t inspector = ::fork();
  if (inspector == 0) {
    drop_administrator();
    int code = 1;
    try {
      Twin(child.pid, Run{}).end();
    } catch (const CannotClone& refusal) {
      code = refusal.reason.find("seccomp") == std::string::npos ? 2 : 0;
    } catch (...) {
      code = 3;
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(inspector, &status, 0);
  CHECK(status == 0);
  CHECK(child.runs_on());

  const std::string own = read_small_file("/proc/self/status").value_or("");
  if ((status_number(own, "CapEff", 16) >> CAP_SYS_ADMIN & 1) == 0) return;
  Twin(child.pid, Run{}).end();
  CHECK(child.runs_on());
  const std::string its =
      read_small_file("/proc/" + std::to_string(child.pid) + "/status").value_or("");
  CHECK(status_number(its, "Seccomp") == 2);
}

TEST_CASE("what a twin does not inherit is known") {
  static constexpr std::size_t kSize = 1 << 20;
  const Child child([](Board& board) {
    auto* memory = static_cast<char*>(
        ::mmap(nullptr, 4 * kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::memset(memory, 1, 4 * kSize);
    ::madvise(memory + kSize, kSize, MADV_DONTFORK);
    ::madvise(memory + 3 * kSize, kSize, MADV_WIPEONFORK);
    board.address = reinterpret_cast<Address>(memory);
    board.ready = true;
    while (true) ::pause();
  });
  const auto maps = read_maps(child.pid);
  Twin twin(child.pid, Run{});
  const Address at = child.seen.address;
  const std::vector<AddressRange> expected{{at + kSize, at + 2 * kSize},
                                           {at + 3 * kSize, at + 4 * kSize}};
  CHECK(not_inherited(maps, twin.pid()) == expected);
}

TEST_CASE("a target that ends while its twin lives") {
  pid_t pid = 0;
  {
    const Child child([](Board& board) {
      board.ready = true;
      while (true) ::pause();
    });
    Twin twin(child.pid, Run{});
    pid = twin.pid();
    ::kill(child.pid, SIGKILL);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT);
    CHECK(twin.alive());
    CHECK_NOTHROW(twin.end());
  }
  // Its new parent collects it when it gets to it.
  for (int i = 0; i < 2000 && read_stat(pid) && read_stat(pid)->state != 'Z'; ++i) ::usleep(1000);
  const auto stat = read_stat(pid);
  CHECK((!stat || stat->state == 'Z'));
}

#endif

TEST_CASE("ranges without holes") {
  const std::vector<AddressRange> ranges{{0, 10}, {20, 30}, {40, 50}};
  CHECK(without(ranges, {}) == ranges);
  CHECK(without(ranges, {{0, 50}}).empty());
  CHECK(without(ranges, {{5, 25}, {42, 44}, {46, 60}}) ==
        std::vector<AddressRange>{{0, 5}, {25, 30}, {40, 42}, {44, 46}});
}

TEST_CASE("ranges that are wiped, by their flags") {
  const std::string_view smaps =
      "1000-3000 rw-p 00000000 00:00 0 \nSize: 8 kB\nVmFlags: rd wr mr mw me ac wf sd \n"
      "4000-5000 rw-p 00000000 00:00 0 \nVmFlags: rd wr mr mw me ac sd \n"
      "6000-7000 rw-p 00000000 00:00 0 \nVmFlags: rd wf\n";
  CHECK(wiped_ranges(smaps) == std::vector<AddressRange>{{0x1000, 0x3000}, {0x6000, 0x7000}});
  CHECK(wiped_ranges("VmFlags: wf\n").empty());
}
