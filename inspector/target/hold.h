// All threads of a target, standing still under PTRACE_SEIZE + PTRACE_INTERRUPT: taken, looked at,
// let go. All of it from one and the same thread, a Tracer's (tracer.h).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "inspector/run.h"
#include "inspector/target/threads.h"

namespace heapglass {

struct Hold {
  using Clock = std::chrono::steady_clock;

  pid_t pid;
  const Run& run;
  std::vector<Tracee> tracees{};
  Clock::time_point begin = Clock::now();  // of the seizing, then of the first interrupt

  Hold(pid_t target, const Run& its_run) : pid(target), run(its_run) {}
  // Every way out of the stop lets go.
  ~Hold() { let_go(tracees); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  // When run.max_pause is used up.
  Clock::time_point deadline() const;
  std::vector<pid_t> held() const;  // ascending
  void drop(const std::vector<pid_t>& gone);
};

// All threads, also those that others start while we are at it: once every known thread stands
// still and no other is listed, nothing is left that could start one. (An execve in another, while
// we are at it, ends all that are held: then the new program's thread is what remains.)
// Throws Failure: not_permitted, target_gone, incomplete (threads that would not stop: state D);
// Interrupted where the run was.
void stop_all_threads(Hold& hold);

// Nothing but SIGKILL takes a thread out of the stop.
bool target_died(Hold& hold);

}  // namespace heapglass
