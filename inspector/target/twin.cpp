#include "inspector/target/twin.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <thread>

#include "inspector/target/hold.h"
#include "inspector/target/injection.h"
#include "inspector/target/proc_text.h"
#include "inspector/target/tracer.h"
#include "symbols/failure.h"

namespace heapglass {

namespace {

using Clock = Hold::Clock;
using namespace std::chrono_literals;

// A signal may come first, or no thread be fit: then the target is let go and stopped once more.
constexpr int kMostTries = 8;
constexpr auto kBetweenTries = 3ms;
// What is tried, and how long, before the twin is left as a zombie.
constexpr auto kPatience = 5s;
// To give back the memory of a large one takes its time.
constexpr auto kLongestEnd = 60s;

std::string text(auto number) { return std::to_string(number); }

// Of a twin that was made, not yet standing.
bool wait_until_stands(pid_t twin) {
  const auto until = Clock::now() + kPatience;
  while (Clock::now() < until) {
    Tracee tracee{twin, false, 0};
    const Sight sight = look(twin, tracee);
    if (sight == Sight::stopped) return true;
    if (sight == Sight::gone) return false;
    std::this_thread::sleep_for(50us);
  }
  return false;
}

bool offer_to_the_oom_killer(pid_t pid) {
  const int fd =
      ::open(("/proc/" + text(pid) + "/oom_score_adj").c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  constexpr std::string_view kFirst = "1000";
  const bool done = ::write(fd, kFirst.data(), kFirst.size()) > 0;
  ::close(fd);
  return done;
}

bool has_ended(pid_t twin) {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(twin), &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0) {
    return errno != EINTR;
  }
  // Of who is traced it tells stops too, asked or not.
  return info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
}

// A tracer that goes on living must leave none of the target's threads behind it.
bool all_let_go(pid_t pid) {
  const auto own = static_cast<std::uint64_t>(::syscall(SYS_gettid));
  const std::string directory = "/proc/" + text(pid) + "/task";
  const std::vector<pid_t> tids = numbered_entries(directory);
  return !tids.empty() && std::ranges::none_of(tids, [&](pid_t tid) {
    const std::string status =
        read_small_file(directory + "/" + text(tid) + "/status").value_or("");
    return status_number(status, "TracerPid") == own;
  });
}

void let_others_go(Hold& hold, const Tracee& but) {
  for (Tracee& tracee : hold.tracees) {
    if (tracee.tid == but.tid) continue;
    std::vector<Tracee> one{tracee};
    let_go(one);
    tracee.stopped = false;
  }
}

std::string refused_by_kernel(long error) {
  if (error == -EAGAIN) {
    return "the kernel makes no more processes there (EAGAIN: pids.max, or its user's limit)";
  }
  if (error == -ENOMEM) return "the kernel has not enough memory for its page tables (ENOMEM)";
  return std::string("the kernel refuses clone: ") + std::strerror(static_cast<int>(-error));
}

}  // namespace

struct Twin::Shared {
  pid_t target;
  const Run run;  // its own: the one that was given may be gone when the twin is ended
  // The tracer's until `made`, then fixed.
  pid_t twin = 0;
  long inner = 0;  // its number for the target
  Address restorer = 0;
  StopReport report;
  bool made = false;
  bool to_be_ended = false;  // asked by the owner, who alone changes it
  std::chrono::nanoseconds second_pause{};
  std::unique_ptr<Tracer> tracer;

  Shared(pid_t pid, const Run& its_run) : target(pid), run(its_run) {}

  // The tracer thread, from its beginning to its end.
  void trace(Tracer& self) {
    make();
    self.change([this] { made = true; });
    {
      auto lock = self.lock();
      while (!to_be_ended) self.wait_for_change(lock, Clock::now() + 1h);
    }
    second_pause = end();
  }

  void make() {
    std::string why_not;
    for (int attempt = 1; attempt <= kMostTries; ++attempt) {
      if (attempt > 1) std::this_thread::sleep_for(kBetweenTries * attempt);
      if (run.stopping()) throw Interrupted{run.interrupted->load()};
      if (try_to_make(why_not)) return;
    }
    throw CannotClone{why_not};
  }

  // False: why not, and it may be otherwise at another time.
  bool try_to_make(std::string& why_not) {
    const Site site = find_site(target, restorer);
    restorer = site.restorer;
    if (restorer == 0) throw CannotClone{"it has no C library whose code could be used"};
    Injected made_by;
    {
      Hold hold(target, run);
      stop_all_threads(hold);
      report.threads = static_cast<std::uint32_t>(hold.tracees.size());
      report.on_cpu_threads =
          static_cast<std::uint32_t>(std::ranges::count_if(hold.tracees, on_cpu, &Tracee::tid));
      const Choice choice = choose_thread(hold, site);
      if (choice.thread == nullptr) {
        why_not = choice.why_not;
        return false;
      }
      const SystemCall clone{SYS_clone, {CLONE_FILES | CLONE_FS | CLONE_IO, 0, 0, 0}, true};
      made_by = inject(hold, *choice.thread, site, clone, [&](pid_t child) {
        twin = child;
        let_others_go(hold, *choice.thread);
      });
      let_go(hold.tracees);
      report.pause = std::max<std::chrono::nanoseconds>(report.pause, Clock::now() - hold.begin);
    }
    if (twin == 0) {
      if (made_by.suspend_refused) throw CannotClone{made_by.why_not};
      if (made_by.result && *made_by.result < 0 && *made_by.result >= -4095 &&
          !restarted(*made_by.result)) {
        throw CannotClone{refused_by_kernel(*made_by.result)};
      }
      why_not = made_by.result ? "signals kept coming" : made_by.why_not;
      return false;
    }
    inner = made_by.result.value_or(0);
    guard_twin();
    return true;
  }

  static bool restarted(long result) { return result <= -512 && result >= -516; }

  void guard_twin() {
    const bool stands = wait_until_stands(twin);
    const bool guarded =
        stands && ::ptrace(PTRACE_SETOPTIONS, twin, nullptr, PTRACE_O_EXITKILL) == 0 && inner > 0;
    if (guarded && offer_to_the_oom_killer(twin) && all_let_go(target)) return;
    if (inner <= 0) inner = twin;
    end();
    throw Failure(Exit::incomplete,
                  "the twin of process " + text(target) +
                      " could not be guarded against our own end, so it was ended",
                  "heapglass " + text(target) + " --pause");
  }

  // Kills the twin and has it collected; how long the target was stopped for it.
  std::chrono::nanoseconds end() {
    if (::kill(twin, SIGKILL) != 0 && errno != ESRCH) {
      throw Failure(Exit::incomplete,
                    "the twin " + text(twin) + " could not be ended (" + std::strerror(errno) +
                        "): it ends with heapglass and stays a zombie of process " + text(target),
                    "heapglass " + text(target) + " --pause");
    }
    for (const auto until = Clock::now() + kLongestEnd; !has_ended(twin) && Clock::now() < until;) {
      std::this_thread::sleep_for(200us);
    }
    // Not ended with the run: it is what leaves nothing behind.
    Run unhurried;
    unhurried.max_pause = std::max(run.max_pause, std::chrono::nanoseconds(100ms));
    std::string why_not;
    std::chrono::nanoseconds longest{};
    const auto until = Clock::now() + kPatience;
    do {
      try {
        if (try_to_collect(unhurried, longest, why_not)) return longest;
      } catch (const Failure& failure) {
        if (failure.exit() == Exit::target_gone) {  // its children are init's now
          hand_over();
          return longest;
        }
        why_not = failure.what();
      }
      std::this_thread::sleep_for(kBetweenTries);
    } while (Clock::now() < until);
    hand_over();
    throw Failure(Exit::incomplete,
                  "the twin " + text(twin) + " has ended, but could not be collected (" + why_not +
                      "): it stays a zombie of process " + text(target) +
                      " until that ends, and costs a pid",
                  "none is needed");
  }

  // To its parent; it wakes nobody, for its exit signal is 0.
  void hand_over() const {
    if (!has_ended(twin)) return;
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(twin), &info, WEXITED | WNOHANG | __WALL);
  }

  bool try_to_collect(const Run& unhurried, std::chrono::nanoseconds& longest,
                      std::string& why_not) {
    const Site site = find_site(target, restorer);
    Hold hold(target, unhurried);
    stop_all_threads(hold);
    const Choice choice = choose_thread(hold, site);
    Injected collected;
    collected.why_not = choice.why_not;
    if (choice.thread != nullptr) {
      hand_over();
      const SystemCall wait{
          SYS_wait4, {static_cast<std::uint64_t>(inner), 0, __WALL | WNOHANG, 0}, false};
      collected = inject(hold, *choice.thread, site, wait);
    }
    let_go(hold.tracees);
    longest = std::max<std::chrono::nanoseconds>(longest, Clock::now() - hold.begin);
    why_not = collected.why_not;
    // ECHILD: an execve or the target's own wait came before us.
    return collected.result && (*collected.result == inner || *collected.result == -ECHILD);
  }
};

Twin::Twin(pid_t pid, const Run& run) : shared_(std::make_unique<Shared>(pid, run)) {
  Shared& shared = *shared_;
  shared.tracer = std::make_unique<Tracer>([&](Tracer& self) { shared.trace(self); });
  if (shared.tracer->wait([&] { return shared.made; })) return;
  shared.tracer->join();
  shared.tracer->rethrow();
}

Twin::~Twin() {
  try {
    end();
  } catch (...) {  // told where it matters: end()
  }
}

pid_t Twin::pid() const { return shared_->twin; }

const StopReport& Twin::stop() const { return shared_->report; }

bool Twin::alive() const { return !has_ended(shared_->twin); }

std::chrono::nanoseconds Twin::end() {
  Shared& shared = *shared_;
  if (shared.to_be_ended) return shared.second_pause;
  shared.tracer->change([&] { shared.to_be_ended = true; });
  shared.tracer->join();
  shared.tracer->rethrow();
  return shared.second_pause;
}

}  // namespace heapglass
