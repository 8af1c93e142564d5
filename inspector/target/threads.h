// The threads of a target under PTRACE_SEIZE: taking, looking, letting go. Used by the stop; all of
// it must be called from one and the same thread, the tracer.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace heapglass {

struct Tracee {
  pid_t tid = 0;
  bool stopped = false;
  int signal = 0;  // it stopped on the way to this signal's delivery; to be handed over
};

enum class Seizing : std::uint8_t { done, gone, refused };
// PTRACE_SEIZE without options. A thread that has exited counts as gone.
Seizing seize(pid_t pid, pid_t tid);

enum class Sight : std::uint8_t { running, stopped, gone };
// Where the thread is now; fills `stopped` and `signal`. Does not consume the stop, so that a
// signal it was about to deliver is still delivered should we be killed.
Sight look(pid_t pid, Tracee& tracee);

// Detaches every stopped thread, with the signal it stopped for. Threads that are not stopped are
// detached by the kernel when the tracer thread exits, and by nothing else.
void let_go(std::vector<Tracee>& tracees);

// Whether a stopped thread was running its own code, and not inside a system call.
bool on_cpu(pid_t tid);

}  // namespace heapglass
