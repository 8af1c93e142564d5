// The stop of `--pause`: every thread of the target seized and interrupted, some work done, every
// thread let go. Nothing is written to the target and nothing runs in it.
//
// PTRACE_SEIZE + PTRACE_INTERRUPT only: a tracer that dies at any instant leaves the target running
// (ptrace(2); PTRACE_ATTACH left it stopped 300 times of 300). The thread that seizes does nothing
// else but wait for the work's end, the deadline or a signal, since only it can detach; the work
// runs on another thread.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

#include "inspector/run.h"

namespace heapglass {

// Stop and resume alone, and of each thread (DESIGN.md, measured).
inline constexpr std::chrono::nanoseconds kStopCost = std::chrono::microseconds(300);
inline constexpr std::chrono::nanoseconds kThreadCost = std::chrono::microseconds(25);

struct StopReport {
  std::chrono::nanoseconds pause{};  // from the first interrupt to the last detach
  std::uint32_t threads = 0;
  std::uint32_t on_cpu_threads = 0;  // stopped outside a system call
  bool deadline_passed = false;      // let go because max_pause ran out; the work was told
  bool target_died = false;
};

// Stops all threads of `pid`, runs `work(cancelled)`, lets go as soon as it returns, max_pause has
// passed, or the run is interrupted; in the latter cases `cancelled` turns true and the work's
// result is worth nothing (its reads go on against a running target until it looks). Signals that
// arrive meanwhile reach the target unchanged; a target in group-stop stays in it.
// The work runs on the calling thread; the seizing thread is started for it and ends with it, since
// a thread that does not stop is detached by its tracer's exit and by nothing else.
// Throws Failure: not_permitted, target_gone, incomplete (threads that would not stop: state D);
// Interrupted where the run was; and what `work` throws.
StopReport stop_and(pid_t pid, const Run& run,
                    const std::function<void(const std::atomic<bool>& cancelled)>& work);

}  // namespace heapglass
