// The twin of `--clone`: a copy-on-write copy of the target, made by a clone system call that is
// run in one of its threads (injection.h), read at leisure and ended. It never runs a line of the
// program: it stands in its first ptrace stop until it is killed.
//
// The problem is that the target must not notice. The call is clone(CLONE_FILES | CLONE_FS |
// CLONE_IO) with exit signal 0:
// - no copy of the descriptor table, so that pipes see their end and sockets their close while the
//   twin lives, and record locks stay (they belong to the table, which has another owner);
// - exit signal 0, so that the twin's end sends nothing, and no wait() without __WALL or __WCLONE
//   sees it. While it lives, wait4(-1, ..., __WALL) waits where it would say ECHILD.
// It would become a zombie of the target's, though. While we trace it, its parent sees nothing of
// it (kernel/exit.c, wait_consider_task): so its end is awaited with WNOWAIT, and only in a second
// short stop of the whole target is it handed over and collected by a wait4 that is run in a
// thread of the target, before any other can look.
//
// Should we be killed: the twin is killed with us (PTRACE_O_EXITKILL, on it alone), or, in the
// instant before that is set, ends itself (dead_man.h). Then nobody collects it: a zombie without a
// signal is left to the target, which nothing but wait with __WALL sees. It is offered to the OOM
// killer before all others (oom_score_adj 1000), for with it goes what the target's writing costs.
//
// Cost: the pause is what the kernel needs to copy page tables (22 to 40 ms/GB of 4 KiB pages), and
// 0.2 ms for the second stop, each with 20 us a thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "inspector/run.h"
#include "inspector/target/stop.h"

namespace heapglass {

// Thrown where a twin cannot be made though the target can be read: what --pause is for.
struct CannotClone {
  std::string reason;
};

class Twin {
 public:
  // Stops `pid`, makes its twin, lets it go on. Throws CannotClone (what must be true is not, or
  // the kernel says EAGAIN, ENOMEM), Failure as a stop does, Interrupted.
  Twin(pid_t pid, const Run& run);
  // Ends it, if end() was not called; what fails then is not told.
  ~Twin();
  Twin(const Twin&) = delete;
  Twin& operator=(const Twin&) = delete;

  pid_t pid() const;
  const StopReport& stop() const;
  // Still there to be read. It can be killed from outside, as any process.
  bool alive() const;
  // Kills it and has the target collect it; the time that the target was stopped for that.
  // Throws Failure(incomplete) where it could not be collected and is left as a zombie.
  std::chrono::nanoseconds end();

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace heapglass
