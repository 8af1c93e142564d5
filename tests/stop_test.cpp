// The stop, on children of the test that watch themselves through shared memory.
#include "inspector/target/stop.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <ctime>
#include <functional>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "inspector/target/proc_text.h"
#include "symbols/failure.h"

using namespace heapglass;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kSpinners = 4;

// Shared by a child and the test.
struct Board {
  std::array<std::atomic<std::uint64_t>, kSpinners> turns;  // of each spinning thread
  std::atomic<std::uint64_t> started;                       // threads ever started
  std::atomic<std::uint64_t> signals, values;               // queued signals and their values
  std::atomic<std::uint64_t> plain_signals;                 // SIGUSR1
  std::atomic<std::uint64_t> ticks;                         // of a timer, missed ones included
  std::atomic<std::int64_t> ticks_lost;                     // at the end
  std::atomic<bool> ready, done;
};

Board* board = nullptr;  // a signal handler's only way to it

struct Child {
  Board& seen;
  pid_t pid;

  explicit Child(const std::function<void(Board&)>& body)
      : seen(*new (::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Board{}) {
    pid = ::fork();
    if (pid == 0) {
      board = &seen;
      body(seen);
      ::_exit(0);
    }
    while (!seen.ready) std::this_thread::yield();
  }
  ~Child() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    ::munmap(&seen, sizeof(Board));
  }
  Child(const Child&) = delete;

  std::string directory() const { return "/proc/" + std::to_string(pid); }
  std::uint64_t turns() const {
    std::uint64_t sum = 0;
    for (const auto& t : seen.turns) sum += t;
    return sum;
  }
};

void spin(Board& seen) {
  for (std::size_t i = 0; i < kSpinners; ++i) {
    std::thread([&seen, i] {
      while (true) seen.turns[i].fetch_add(1, std::memory_order_relaxed);
    }).detach();
  }
  for (auto& t : seen.turns) {
    while (t == 0) std::this_thread::yield();
  }
}

void spin_and_pause(Board& seen) {
  spin(seen);
  seen.ready = true;
  while (true) ::pause();
}

void on_signal(int signal, siginfo_t* info, void*) {
  if (signal == SIGUSR1) {
    board->plain_signals.fetch_add(1);
  } else if (info->si_code == SI_TIMER) {
    board->ticks.fetch_add(1 + static_cast<std::uint64_t>(info->si_overrun));
  } else {
    board->values.fetch_add(static_cast<std::uint64_t>(info->si_value.sival_int));
    board->signals.fetch_add(1);
  }
}

void handle_signals() {
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  for (const int signal : {SIGUSR1, SIGRTMIN, SIGRTMIN + 1}) {
    ::sigaction(signal, &action, nullptr);
  }
}

bool within(std::chrono::milliseconds time, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(100us);
  }
  return true;
}

bool runs_on(const Child& child) {
  const std::uint64_t before = child.turns();
  return within(2s, [&] { return child.turns() > before; });
}

// No thread of it is traced, or in the stop of a tracer.
bool untouched(const Child& child) {
  for (const pid_t tid : numbered_entries(child.directory() + "/task")) {
    const std::string status =
        read_small_file(child.directory() + "/task/" + std::to_string(tid) + "/status")
            .value_or("");
    if (status_number(status, "TracerPid") != 0) return false;
    if (status_value(status, "State").starts_with('t')) return false;
  }
  return true;
}

Run within_pause(std::chrono::nanoseconds max_pause) {
  Run run;
  run.max_pause = max_pause;
  return run;
}

const auto kNothing = [](const std::atomic<bool>&) {};

}  // namespace

TEST_CASE("every thread stands still during the work, and goes on afterwards") {
  const Child child(spin_and_pause);
  std::uint64_t first = 0, second = 1;
  const StopReport report = stop_and(child.pid, Run{}, [&](const std::atomic<bool>& cancelled) {
    first = child.turns();
    std::this_thread::sleep_for(30ms);
    second = child.turns();
    CHECK_FALSE(cancelled);
  });
  CHECK(first == second);
  CHECK(runs_on(child));
  CHECK(untouched(child));
  CHECK(report.threads == kSpinners + 1);
  CHECK(report.on_cpu_threads == kSpinners);  // the main thread is in pause()
  CHECK(report.pause >= 30ms);
  CHECK_FALSE(report.deadline_passed);
  CHECK_FALSE(report.target_died);
}

TEST_CASE("threads that are started meanwhile are caught too") {
  const Child child([](Board& seen) {
    seen.ready = true;
    while (true) {
      std::vector<std::thread> threads;
      for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
          seen.started.fetch_add(1);
          for (int k = 0; k < 1000; ++k) seen.turns[0].fetch_add(1);
        });
      }
      for (auto& thread : threads) thread.join();
    }
  });
  int moved = 0;
  for (int round = 0; round < 100; ++round) {
    stop_and(child.pid, Run{}, [&](const std::atomic<bool>&) {
      const std::uint64_t turns = child.turns(), started = child.seen.started;
      std::this_thread::sleep_for(1ms);
      if (child.turns() != turns || child.seen.started != started) ++moved;
    });
  }
  CHECK(moved == 0);
  CHECK(runs_on(child));
  CHECK(within(2s, [&] { return untouched(child); }));
}

TEST_CASE("a leader that has left its threads alone is no hindrance") {
  const Child child([](Board& seen) {
    spin(seen);
    seen.ready = true;
    ::syscall(SYS_exit, 0);  // this thread's end, and no unwinding
  });
  REQUIRE(within(2s, [&] { return read_stat(child.pid)->state == 'Z'; }));
  CHECK(stop_and(child.pid, Run{}, kNothing).threads == kSpinners);
  CHECK(runs_on(child));
}

TEST_CASE("no signal is lost or delivered twice") {
  const Child child([](Board& seen) {
    handle_signals();
    spin(seen);
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGRTMIN;
    timer_t timer{};
    ::timer_create(CLOCK_MONOTONIC, &event, &timer);
    const itimerspec period{{0, 1'000'000}, {0, 1'000'000}};
    ::timer_settime(timer, 0, &period, nullptr);
    const auto begin = std::chrono::steady_clock::now();
    seen.ready = true;
    while (!seen.done) ::usleep(1000);
    // A tick may be late on a busy machine; but at one of many moments none is.
    std::int64_t lost = std::numeric_limits<std::int64_t>::max();
    const auto end = std::chrono::steady_clock::now() + 300ms;
    for (auto now = begin; now < end;) {
      now = std::chrono::steady_clock::now();
      const std::int64_t due = (now - begin) / 1ms;
      lost = std::min(lost, due - static_cast<std::int64_t>(seen.ticks));
      ::usleep(200);
    }
    const itimerspec off{};
    ::timer_settime(timer, 0, &off, nullptr);
    seen.ticks_lost = lost;
    seen.started = 1;
    while (true) ::pause();
  });

  // Queued signals with values, as fast as the queue takes them; SIGUSR1 one after the other.
  std::atomic<bool> stop{false};
  std::uint64_t sent = 0, sum = 0, plain = 0, plain_lost = 0;
  std::thread sender([&] {
    while (!stop) {
      sigval value{};
      value.sival_int = static_cast<int>(sent % 1000);
      if (::sigqueue(child.pid, SIGRTMIN + 1, value) == 0) {
        sum += sent % 1000;
        ++sent;
      }
      ::usleep(20);
    }
  });
  std::thread plain_sender([&] {
    while (!stop) {
      ::kill(child.pid, SIGUSR1);
      ++plain;
      if (!within(2s, [&] { return child.seen.plain_signals >= plain; })) ++plain_lost;
    }
  });
  for (int round = 0; round < 200; ++round) {
    stop_and(child.pid, Run{}, [](const std::atomic<bool>&) { ::usleep(500); });
    ::usleep(1000);
  }
  stop = true;
  sender.join();
  plain_sender.join();
  child.seen.done = true;
  CHECK(within(10s, [&] { return child.seen.started > 0 && child.seen.signals >= sent; }));
  CHECK(sent > 100);
  CHECK(child.seen.signals == sent);
  CHECK(child.seen.values == sum);
  CHECK(plain > 100);
  CHECK(plain_lost == 0);
  CHECK(child.seen.plain_signals == plain);
  CHECK(child.seen.ticks > 100);
  CHECK(child.seen.ticks_lost <= 0);
}

TEST_CASE("an inspector that is killed in the middle leaves the target running, no signal lost") {
  const Child child([](Board& seen) {
    handle_signals();
    spin_and_pause(seen);
  });
  std::atomic<bool> stop{false};
  std::uint64_t sent = 0;
  std::thread sender([&] {
    while (!stop) {
      if (::sigqueue(child.pid, SIGRTMIN + 1, sigval{}) == 0) ++sent;
      ::usleep(20);
    }
  });
  int not_going_on = 0;
  for (int round = 0; round < 60; ++round) {
    const pid_t inspector = ::fork();
    if (inspector == 0) {
      while (true) stop_and(child.pid, Run{}, [](const std::atomic<bool>&) { ::usleep(2000); });
    }
    ::usleep(static_cast<useconds_t>(1000 + round * 97));
    ::kill(inspector, SIGKILL);
    ::waitpid(inspector, nullptr, 0);
    if (!within(1s, [&] { return untouched(child); }) || !runs_on(child)) ++not_going_on;
  }
  stop = true;
  sender.join();
  CHECK(not_going_on == 0);
  CHECK(within(2s, [&] { return child.seen.signals == sent; }));
  CHECK(child.seen.signals == sent);
}

TEST_CASE("a target in a group-stop stays in it") {
  const Child child(spin_and_pause);
  ::kill(child.pid, SIGSTOP);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child.pid), &info, WSTOPPED | WNOWAIT);
  REQUIRE(read_stat(child.pid)->state == 'T');
  const std::uint64_t before = child.turns();
  CHECK(stop_and(child.pid, Run{}, kNothing).threads == kSpinners + 1);
  std::this_thread::sleep_for(20ms);
  CHECK(child.turns() == before);
  CHECK(within(1s, [&] { return read_stat(child.pid)->state == 'T'; }));
  ::kill(child.pid, SIGCONT);
  CHECK(runs_on(child));
}

TEST_CASE("SIGSTOP and SIGCONT that arrive during the stop take effect after it") {
  const Child child(spin_and_pause);
  stop_and(child.pid, Run{}, [&](const std::atomic<bool>&) { ::kill(child.pid, SIGSTOP); });
  CHECK(within(1s, [&] { return read_stat(child.pid)->state == 'T'; }));
  stop_and(child.pid, Run{}, [&](const std::atomic<bool>&) { ::kill(child.pid, SIGCONT); });
  CHECK(runs_on(child));
}

TEST_CASE("when max_pause has passed the target goes on at once, though the work does not end") {
  const Child child(spin_and_pause);
  bool went_on = false;
  const StopReport report =
      stop_and(child.pid, within_pause(400ms), [&](const std::atomic<bool>& cancelled) {
        while (!cancelled) std::this_thread::sleep_for(1ms);
        went_on = runs_on(child) && within(1s, [&] { return untouched(child); });
      });
  CHECK(went_on);
  CHECK(report.deadline_passed);
  CHECK(report.pause >= 400ms);
  CHECK(report.pause < 800ms);
  CHECK(untouched(child));
}

TEST_CASE("a run that is interrupted lets go at once") {
  const Child child(spin_and_pause);
  std::atomic<int> interrupted{0};
  Run run = within_pause(10s);
  run.interrupted = &interrupted;
  bool told = false;
  const auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(stop_and(child.pid, run,
                           [&](const std::atomic<bool>& cancelled) {
                             interrupted = SIGINT;
                             told = within(2s, [&] { return cancelled.load(); });
                           }),
                  Interrupted);
  CHECK(told);
  CHECK(std::chrono::steady_clock::now() - begin < 1s);
  CHECK(untouched(child));
  CHECK(runs_on(child));
}

TEST_CASE("what the work throws comes out, after the target was let go") {
  const Child child(spin_and_pause);
  CHECK_THROWS_AS(stop_and(child.pid, Run{},
                           [](const std::atomic<bool>&) { throw std::runtime_error("torn"); }),
                  std::runtime_error);
  CHECK(untouched(child));
  CHECK(runs_on(child));
}

TEST_CASE("a target that is killed during the stop is told from a finished work") {
  const Child child(spin_and_pause);
  bool told = false;
  const StopReport report = stop_and(child.pid, Run{}, [&](const std::atomic<bool>& cancelled) {
    ::kill(child.pid, SIGKILL);
    told = within(2s, [&] { return cancelled.load(); });
  });
  CHECK(told);
  CHECK(report.target_died);
  CHECK_FALSE(report.deadline_passed);
}

TEST_CASE("a target that ends by itself while it is being stopped") {
  for (int round = 0; round < 30; ++round) {
    const Child child([](Board& seen) {
      for (int i = 0; i < 8; ++i) std::thread([] { ::pause(); }).detach();
      seen.ready = true;
      while (!seen.done) {
      }
    });
    child.seen.done = true;
    if (round % 3 != 0) ::usleep(static_cast<useconds_t>(round * 20));
    try {
      stop_and(child.pid, Run{}, kNothing);
    } catch (const Failure& failure) {
      CHECK(failure.exit() == Exit::target_gone);
    }
  }
}

TEST_CASE("an execve in the middle") {
  const Child child([](Board& seen) {
    spin(seen);
    std::thread([&seen] {  // not the leader, so that its tid vanishes
      seen.ready = true;
      ::usleep(3000);
      ::execl("/bin/sleep", "sleep", "100", nullptr);
    })
        .join();
  });
  for (int round = 0; round < 20; ++round) {
    CHECK_NOTHROW(stop_and(child.pid, Run{}, kNothing));
  }
  CHECK(within(2s, [&] { return read_stat(child.pid)->comm == "sleep"; }));
  CHECK(stop_and(child.pid, Run{}, kNothing).threads == 1);
  CHECK(untouched(child));
}

// The execve holds the mutex that PTRACE_SEIZE takes, and waits until the threads that it ended are
// collected, by us those which are seized already: whoever waits for the other must let go.
TEST_CASE("an execve while the threads are being seized") {
  constexpr int kThreads = 16;
  int hung = 0, failed = 0, lost = 0, in_time = 0;
  for (int round = 0; round < 60; ++round) {
    const Child child([round](Board& seen) {
      for (int i = 0; i < kThreads; ++i) {
        std::thread([&seen, round, i] {
          seen.started.fetch_add(1);
          if (i != round % kThreads) {
            while (true) ::pause();
          }
          while (!seen.done) {
          }
          const auto begin = std::chrono::steady_clock::now();
          while (std::chrono::steady_clock::now() < begin + round * 5us) {
          }
          ::execl("/bin/sleep", "sleep", "100", nullptr);
        }).detach();
      }
      while (seen.started < kThreads) std::this_thread::yield();
      seen.ready = true;
      while (true) ::pause();
    });
    // In a process of its own, so that a stop which never ends is a failure of this test only.
    const pid_t inspector = ::fork();
    if (inspector == 0) {
      child.seen.done = true;
      bool expected = true;
      try {
        stop_and(child.pid, Run{}, kNothing);
      } catch (const Failure& failure) {
        expected = failure.exit() == Exit::target_gone;
      }
      ::_exit(expected ? 0 : 1);
    }
    int status = 0;
    if (!within(5s, [&] { return ::waitpid(inspector, &status, WNOHANG) == inspector; })) {
      ++hung;
      ::kill(inspector, SIGKILL);
      ::waitpid(inspector, nullptr, 0);
    } else if (status != 0) {
      ++failed;
    } else {
      ++in_time;
    }
    const auto sleeps = [&] { return read_stat(child.pid).value_or(StatLine{}).comm == "sleep"; };
    if (!within(2s, [&] { return sleeps() && untouched(child); })) ++lost;
    if (hung > 2) break;  // that will do
  }
  CHECK(hung == 0);
  CHECK(failed == 0);
  CHECK(lost == 0);
  CHECK(in_time == 60);
}

TEST_CASE("an execve that does not end keeps nobody waiting, and is not harmed") {
  const Child child([](Board& seen) {
    std::atomic<bool>& begin = seen.done;
    std::thread([&seen] {
      seen.started = static_cast<std::uint64_t>(::syscall(SYS_gettid));
      while (true) ::pause();
    }).detach();
    std::thread([&] {
      while (seen.started == 0) std::this_thread::yield();
      seen.ready = true;
      while (!begin) ::usleep(100);
      ::execl("/bin/sleep", "sleep", "100", nullptr);
    }).detach();
    while (true) ::pause();
  });
  // It waits for this thread here to collect the one that we trace.
  const auto traced = static_cast<pid_t>(child.seen.started.load());
  REQUIRE(::ptrace(PTRACE_SEIZE, traced, nullptr, nullptr) == 0);
  child.seen.done = true;
  siginfo_t ended{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(traced), &ended, WEXITED | WNOWAIT | __WALL) == 0);

  auto begin = std::chrono::steady_clock::now();
  try {
    stop_and(child.pid, within_pause(100ms), kNothing);
    FAIL("it stopped");
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::incomplete);
  }
  CHECK(std::chrono::steady_clock::now() - begin < 900ms);

  std::atomic<int> interrupted{0};
  Run run = within_pause(10s);
  run.interrupted = &interrupted;
  std::thread sender([&] {
    std::this_thread::sleep_for(20ms);
    interrupted = SIGINT;
  });
  begin = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(stop_and(child.pid, run, kNothing), Interrupted);
  CHECK(std::chrono::steady_clock::now() - begin < 900ms);
  sender.join();

  ::waitid(P_PID, static_cast<id_t>(traced), &ended, WEXITED | __WALL);
  CHECK(within(2s, [&] { return read_stat(child.pid)->comm == "sleep"; }));
  CHECK(stop_and(child.pid, Run{}, kNothing).threads == 1);
  CHECK(untouched(child));
}

TEST_CASE("a thread that waits uninterruptibly is named, and nothing is left behind") {
  const Child child([](Board& seen) {
    spin(seen);
    seen.ready = true;
    while (true) {
      if (::vfork() == 0) {  // its parent is in state D as long as this one lives
        const timespec time{1, 0};
        ::nanosleep(&time, nullptr);
        ::_exit(0);
      }
      ::waitpid(-1, nullptr, 0);
      seen.started.fetch_add(1);
    }
  });
  REQUIRE(within(2s, [&] { return read_stat(child.pid)->state == 'D'; }));
  const auto begin = std::chrono::steady_clock::now();
  try {
    stop_and(child.pid, Run{}, kNothing);
    FAIL("it stopped");
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::incomplete);
    const std::string text = failure.what();
    CHECK(text.find("thread " + std::to_string(child.pid)) != std::string::npos);
    CHECK(text.find("state D") != std::string::npos);
  }
  CHECK(std::chrono::steady_clock::now() - begin < 900ms);
  CHECK(untouched(child));
  CHECK(runs_on(child));
  CHECK(within(3s, [&] { return child.seen.started > 0; }));  // and it comes out of its wait
}

TEST_CASE("there is no such process") {
  pid_t pid = 0;
  {
    pid = Child([](Board& seen) { seen.ready = true; }).pid;
  }
  try {
    stop_and(pid, Run{}, kNothing);
    FAIL("stopped what is not there");
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::target_gone);
  }
}

TEST_CASE("a target that is traced already is refused, and its tracer named") {
  const Child child(spin_and_pause);
  REQUIRE(::ptrace(PTRACE_SEIZE, child.pid, nullptr, nullptr) == 0);
  try {
    stop_and(child.pid, Run{}, kNothing);
    FAIL("stopped what is traced");
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::not_permitted);
    CHECK(std::string(failure.what()).find("traced by process " + std::to_string(::getpid())) !=
          std::string::npos);
  }
  CHECK(runs_on(child));
  ::kill(child.pid, SIGKILL);
}
