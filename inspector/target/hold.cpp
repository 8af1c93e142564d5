#include "inspector/target/hold.h"

#include <sched.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <thread>

#include "inspector/target/permission.h"
#include "inspector/target/proc_text.h"
#include "symbols/failure.h"

namespace heapglass {

namespace {

using Clock = Hold::Clock;
using namespace std::chrono_literals;

// A thread in an uninterruptible wait (state D) is given this long, of max_pause.
constexpr auto kPatience = 200ms;
// Most threads stop within microseconds: yield first, then sleep.
constexpr auto kYielding = 200us;
constexpr auto kNap = 50us;
// When threads that have not stopped are asked for their state.
constexpr auto kBeforeJudgement = 5ms;
// While the target runs on, a refusal may be another inspector's short stop.
constexpr int kSeizeAttempts = 5;
constexpr auto kBetweenAttempts = 10ms;

// So that the deadline can be computed.
constexpr auto kLongestPause = 24h;

void nap(std::chrono::nanoseconds time) {
  const timespec span{0, static_cast<long>(time.count())};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &span, nullptr);
}

char state_of(pid_t pid, pid_t tid) {
  const auto text =
      read_small_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/stat");
  const auto stat = text ? parse_stat(*text) : std::nullopt;
  return stat ? stat->state : 'X';
}

[[noreturn]] void give_up(const Hold& hold, pid_t tid, char state) {
  const std::string pid = std::to_string(hold.pid);
  const auto waited =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - hold.begin);
  throw Failure(Exit::incomplete,
                "thread " + std::to_string(tid) + " of process " + pid + " (state " + state +
                    (state == 'D' ? ", waiting uninterruptibly" : "") + ") did not stop within " +
                    std::to_string(waited.count()) + " ms; all threads run on",
                "heapglass --live " + pid);
}

// Looks at all threads that are held, or at those only which have not stopped yet; drops those that
// are gone. How many run. Of the stopped ones none runs but after SIGKILL or an execve in a thread
// that is not held.
enum class Whom : std::uint8_t { running, all };
std::size_t look_around(Hold& hold, Whom whom) {
  std::vector<pid_t> gone;
  std::size_t running = 0;
  for (Tracee& tracee : hold.tracees) {
    if (whom == Whom::running && tracee.stopped) continue;
    const Sight sight = look(hold.pid, tracee);
    if (sight == Sight::running) ++running;
    if (sight == Sight::gone) gone.push_back(tracee.tid);
  }
  hold.drop(gone);
  return running;
}

Seizing seize_patiently(Hold& hold, pid_t tid) {
  int refusals = 0;
  while (true) {
    const Seizing result = seize(hold.pid, tid);
    if (result == Seizing::refused && ++refusals < kSeizeAttempts) {
      nap(kBetweenAttempts);
      continue;
    }
    if (result != Seizing::busy) return result;
    // An execve, which waits for us where it has ended threads that we hold.
    look_around(hold, Whom::all);
    if (hold.run.stopping()) throw Interrupted{hold.run.interrupted->load()};
    if (Clock::now() >= hold.deadline()) give_up(hold, tid, state_of(hold.pid, tid));
  }
}

// Seizes the threads that are not yet held; how many.
std::size_t seize_new_threads(Hold& hold) {
  std::size_t seized = 0;
  const std::vector<pid_t> held = hold.held();
  for (const pid_t tid : numbered_entries("/proc/" + std::to_string(hold.pid) + "/task")) {
    if (std::ranges::binary_search(held, tid)) continue;
    const Seizing result = seize_patiently(hold, tid);
    if (result == Seizing::refused) {
      const Refusal refusal = why_not_seizable(hold.pid, tid);
      throw Failure(Exit::not_permitted, refusal.cause, refusal.remedy);
    }
    // A thread that has exited may stay listed: a leader does as long as its group lives.
    if (result == Seizing::gone) continue;
    hold.tracees.push_back({tid, false, 0});
    ++seized;
  }
  return seized;
}

void interrupt_running(Hold& hold) {
  for (const Tracee& tracee : hold.tracees) {
    if (!tracee.stopped) ::ptrace(PTRACE_INTERRUPT, tracee.tid, nullptr, nullptr);
  }
}

// The leader of a group that lives on shows no exit to wait for; and a thread that waits
// uninterruptibly is not worth the whole pause.
void judge_laggards(Hold& hold) {
  const auto now = Clock::now();
  std::vector<pid_t> gone;
  for (const Tracee& tracee : hold.tracees) {
    if (tracee.stopped) continue;
    const char state = state_of(hold.pid, tracee.tid);
    if (state == 't') continue;  // stopped since we looked
    const bool hopeless = state == 'D' && now >= hold.begin + kPatience;
    if (state == 'Z' || state == 'X') {
      // Any other has ended since we looked: the next look collects it.
      if (tracee.tid == hold.pid) gone.push_back(tracee.tid);
    } else if (hopeless || now >= hold.deadline()) {
      give_up(hold, tracee.tid, state);
    }
  }
  hold.drop(gone);
}

void wait_until_stopped(Hold& hold) {
  const auto start = Clock::now();
  auto next_judgement = start + kBeforeJudgement;
  while (look_around(hold, Whom::running) > 0) {
    if (hold.run.stopping()) throw Interrupted{hold.run.interrupted->load()};
    const auto now = Clock::now();
    if (now >= next_judgement || now >= hold.deadline()) {
      // An execve may have ended threads that stand still, and it waits for us to collect them; the
      // thread that makes it has another tid afterwards than the one that was interrupted.
      look_around(hold, Whom::all);
      judge_laggards(hold);
      interrupt_running(hold);
      // It reads a file for each thread: with a thousand of them it must not take the time away.
      const auto end = Clock::now();
      next_judgement = end + kBeforeJudgement + 10 * (end - now);
    }
    if (now - start < kYielding) {
      ::sched_yield();
    } else {
      nap(kNap);
    }
  }
}

}  // namespace

Clock::time_point Hold::deadline() const {
  return begin + std::min<std::chrono::nanoseconds>(run.max_pause, kLongestPause);
}

std::vector<pid_t> Hold::held() const {
  std::vector<pid_t> tids;
  for (const Tracee& tracee : tracees) tids.push_back(tracee.tid);
  std::ranges::sort(tids);
  return tids;
}

void Hold::drop(const std::vector<pid_t>& gone) {
  std::erase_if(tracees, [&](const Tracee& tracee) {
    return std::ranges::find(gone, tracee.tid) != gone.end();
  });
}

void stop_all_threads(Hold& hold) {
  seize_new_threads(hold);
  hold.begin = Clock::now();
  do {
    if (hold.run.stopping()) throw Interrupted{hold.run.interrupted->load()};
    // Threads that are started faster than they are seized.
    if (Clock::now() >= hold.deadline()) give_up(hold, hold.pid, state_of(hold.pid, hold.pid));
    interrupt_running(hold);
    wait_until_stopped(hold);
  } while (seize_new_threads(hold) > 0 || look_around(hold, Whom::all) > 0);
  if (hold.tracees.empty()) {
    throw Failure(Exit::target_gone,
                  "process " + std::to_string(hold.pid) + " ended while it was being stopped",
                  "heapglass ps");
  }
}

bool target_died(Hold& hold) { return look(hold.pid, hold.tracees.front()) != Sight::stopped; }

}  // namespace heapglass
