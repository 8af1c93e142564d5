#include "inspector/target/threads.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <string>

#include "inspector/target/proc_text.h"

namespace heapglass {

namespace {

std::string status_of(pid_t pid, pid_t tid) {
  const std::string path =
      "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/status";
  return read_small_file(path).value_or("");
}

// By the system call's number, which the kernel keeps over a stop: negative outside of one.
bool inside_system_call(pid_t tid) {
#if defined(__x86_64__)
  user_regs_struct registers{};
  iovec piece{&registers, sizeof registers};
  if (::ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &piece) != 0) return true;
  return static_cast<long long>(registers.orig_rax) >= 0;
#elif defined(__aarch64__)
  int number = 0;
  iovec piece{&number, sizeof number};
  if (::ptrace(PTRACE_GETREGSET, tid, NT_ARM_SYSTEM_CALL, &piece) != 0) return true;
  return number >= 0;
#else
#error "inside_system_call: say where this machine keeps the system call's number"
#endif
}

// A signal ends the wait inside PTRACE_SEIZE but not the call: the kernel starts it again, whatever
// SA_RESTART says (ERESTARTNOINTR). So the handler leaves it by a jump, to where this points.
thread_local sigjmp_buf* volatile way_out = nullptr;

void leave(int) {
  if (way_out != nullptr) ::siglongjmp(*way_out, 1);
}

// What PTRACE_SEIZE said; `busy` when it was left, and then it may have been done all the same.
// Nothing here has a destructor, for a jump would pass it over.
Seizing try_seize(pid_t tid) {
  sigjmp_buf here;
  if (sigsetjmp(here, 1) != 0) {
    way_out = nullptr;
    return Seizing::busy;
  }
  way_out = &here;
  const long result = ::ptrace(PTRACE_SEIZE, tid, nullptr, nullptr);
  way_out = nullptr;
  return result == 0 ? Seizing::done : Seizing::refused;
}

}  // namespace

Seizing seize(pid_t pid, pid_t tid) {
  const Seizing result = try_seize(tid);
  if (result == Seizing::done) return result;
  // EPERM is also what a thread gives that has exited but was not yet collected, and one that is
  // ours already: after an execve in it, which gave it the leader's tid, or when the call was left
  // just after it was done. Ours must be known as ours although it has exited meanwhile: we are to
  // collect it. (But not the leader, who stays listed.)
  const std::string status = status_of(pid, tid);
  const std::string_view state = status_value(status, "State");
  const bool exited = state.empty() || state.starts_with('Z') || state.starts_with('X');
  const auto own_tid = static_cast<std::uint64_t>(::syscall(SYS_gettid));
  const bool ours = status_number(status, "TracerPid") == own_tid;
  if (ours && !(exited && tid == pid)) return Seizing::done;
  return exited ? Seizing::gone : result;
}

void let_waiting_be_ended() {
  struct sigaction action {};
  action.sa_handler = leave;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGURG, &action, nullptr);
}

void end_waiting(pthread_t tracer) { ::pthread_kill(tracer, SIGURG); }

Sight look(pid_t pid, Tracee& tracee) {
  tracee.stopped = false;
  siginfo_t info{};
  const auto tid = static_cast<id_t>(tracee.tid);
  // WNOWAIT: a wait that consumes a stop clears the tracee's exit_code (kernel/exit.c,
  // wait_task_stopped), and if its tracer is then killed the tracee goes on with signal 0: the
  // signal would be lost.
  if (::waitid(P_PID, tid, &info, WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) != 0) {
    return errno == EINTR ? Sight::running : Sight::gone;
  }
  if (info.si_pid == 0) return Sight::running;
  if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) {
    // An exited thread that we trace stays until we collect it, and an execve in another thread
    // would wait for that. The leader is left to its parent: the tracer's exit tells it.
    if (tracee.tid != pid) ::waitid(P_PID, tid, &info, WEXITED | WNOHANG | __WALL);
    return Sight::gone;
  }
  // si_status is (event << 8 | signal). Seized and without options there is one event,
  // PTRACE_EVENT_STOP (interrupted, or in a group-stop); without an event it is a signal that is
  // about to be delivered.
  tracee.stopped = true;
  tracee.signal = (info.si_status >> 8) == 0 ? info.si_status & 0x7f : 0;
  return Sight::stopped;
}

void let_go(std::vector<Tracee>& tracees) {
  for (Tracee& tracee : tracees) {
    if (!tracee.stopped) continue;
    ::ptrace(PTRACE_DETACH, tracee.tid, nullptr, static_cast<long>(tracee.signal));
    tracee.stopped = false;
  }
}

bool on_cpu(pid_t tid) { return !inside_system_call(tid); }

}  // namespace heapglass
