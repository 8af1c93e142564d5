// The threads of a target under PTRACE_SEIZE: taking, looking, letting go. Used by the stop; all of
// it must be called from one and the same thread, the tracer.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace heapglass {

struct Tracee {
  pid_t tid = 0;
  bool stopped = false;
  int signal = 0;  // it stopped on the way to this signal's delivery; to be handed over
};

enum class Seizing : std::uint8_t { done, gone, refused, busy };
// PTRACE_SEIZE without options. A thread that has exited counts as gone. It waits as long as an
// execve goes on in the target (kernel/ptrace.c, ptrace_attach: cred_guard_mutex), and that waits
// until the threads which it ended are collected, by us those that we trace: so the wait must be
// left for that, by end_waiting(), and gives `busy`.
Seizing seize(pid_t pid, pid_t tid);

// For another thread: ends the wait of the tracer's seize(), if it is in one; else does nothing. By
// SIGURG, which nobody misses: let_waiting_be_ended() installs the handler in this process.
void let_waiting_be_ended();
void end_waiting(pthread_t tracer);

enum class Sight : std::uint8_t { running, stopped, gone };
// Where the thread is now; fills `stopped` and `signal`. Does not consume the stop, so that a
// signal it was about to deliver is still delivered should we be killed. Collects what has exited.
Sight look(pid_t pid, Tracee& tracee);

// Detaches every stopped thread, with the signal it stopped for. Threads that are not stopped are
// detached by the kernel when the tracer thread exits, and by nothing else.
void let_go(std::vector<Tracee>& tracees);

// Whether a stopped thread was running its own code, and not inside a system call.
bool on_cpu(pid_t tid);

}  // namespace heapglass
