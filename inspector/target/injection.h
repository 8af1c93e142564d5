// One system call, run in a stopped thread of the target, which does not notice it.
//
// Method: the thread stands in PTRACE_EVENT_STOP. Two frames are written below its stack (why:
// dead_man.h), its registers are set to return through the first of them, its signals are blocked,
// and it is run up to the entry of that rt_sigreturn. There the call is put in its place. When it
// is over, the thread is interrupted again, so that it stands in another PTRACE_EVENT_STOP, inside
// the kernel's get_signal(), and only there get mask and registers their old values: what the
// kernel does next is to restart the interrupted call, as after SIGSTOP and SIGCONT
// (kernel/signal.c and arch/x86/kernel/signal.c; registers put back anywhere else would show the
// program the kernel's inner error numbers).
//
// The order of the steps is such that at each of them the thread may be let go, by us or by the
// kernel when we die, and returns to where it was by itself: registers first, mask second; and
// back: mask first, registers second. So a step that fails needs no undoing.
//
// The thread must be inside a system call: it is in no restartable sequence (rseq(2)), the reason
// for the rule. Of a target that computes and never is, a thread that is registered for none or
// stands outside of them (PTRACE_GET_RSEQ_CONFIGURATION) will do. It must stand on its own stack
// (the process's, or the mapping that also holds its thread's own storage), not on one of
// sigaltstack(2). A seccomp filter must be suspended (PTRACE_O_SUSPEND_SECCOMP), or nothing is run.
// x86-64 only; other machines refuse.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inspector/target/hold.h"
#include "inspector/target/threads.h"
#include "symbols/address.h"
#include "symbols/maps.h"

namespace heapglass {

// What is looked up before the stop.
struct Site {
  Address restorer = 0;        // `mov $15, %rax; syscall` in the target's code
  std::vector<pid_t> threads;  // which were there before the maps were read
  std::vector<Mapping> maps;
};
// `known`: a restorer found earlier, to be tried first. A site without a restorer: there is none.
// Throws Failure: target_gone, not_permitted.
Site find_site(pid_t pid, Address known = 0);

// Which thread of a hold can run a system call; else the reason why none can.
struct Choice {
  Tracee* thread = nullptr;
  std::string why_not;
};
Choice choose_thread(Hold& hold, const Site& site);

struct SystemCall {
  long number = 0;
  std::array<std::uint64_t, 4> arguments{};  // x86-64's first four
  bool makes_child = false;  // clone: arguments[1] becomes the child's stack pointer
};

struct Injected {
  // What the call returned, an errno value where negative. Empty: it was not run, or not to its
  // end, and why.
  std::optional<long> result;
  std::string why_not;
  bool suspend_refused = false;  // a seccomp filter that we may not suspend
};
// `on_child(pid)`, our number of it: as soon as the child is made, the thread still standing.
// Afterwards the thread is to be let go with the others.
Injected inject(Hold& hold, Tracee& thread, const Site& site, const SystemCall& call,
                const std::function<void(pid_t)>& on_child = {});

}  // namespace heapglass
