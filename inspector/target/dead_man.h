// Two signal frames on a thread's stack, by which target and twin help themselves when we are gone.
//
// The problem: while a thread of the target runs a system call for us, its registers are not its
// own. Were we killed then (SIGKILL, the OOM killer), nobody would put them back, and the target
// would die of it. The method is the kernel's own for interrupting a thread anywhere: before the
// registers change, what a signal handler's end would restore is written below the stack pointer
// (struct rt_sigframe), and the thread is only ever run with its next instructions being
//     mov $15, %rax; syscall        (rt_sigreturn: what C libraries give signal handlers to end
//     with)
// and its stack pointer at that frame. Whatever instant we die at, the thread returns by itself to
// where it was, with all registers (NT_X86_XSTATE, the vector ones), signal mask and flags. A
// system call that was to be restarted is restarted, as after a handler with SA_RESTART; one that
// the kernel alone could restart (nanosleep, poll) returns EINTR. The twin's stack pointer is at a
// second frame, which returns into exit_group(0).
//
// The frames stand below the red zone (128 bytes, System V ABI), where nothing of the program may
// lie; 16 KiB below them must be stack too, for the handlers of signals that come then.
// Sources: arch/x86/kernel/signal_64.c (rt_sigreturn), fpu/signal.c (check_xstate_in_sigframe),
// asm/sigcontext.h. x86-64 only.
#pragma once

#if defined(__x86_64__)

#include <sys/user.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "symbols/address.h"

namespace heapglass {

// `mov $15, %rax; syscall`, and where in it the `syscall` stands.
inline constexpr unsigned char kRestorer[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
inline constexpr std::uint64_t kSyscallInRestorer = 7;

struct DeadManFrames {
  Address base = 0;              // where `bytes` belong
  std::vector<std::byte> bytes;  //
  Address back = 0;              // stack pointer at the restorer, to go back to where it was
  Address end = 0;               // the same for the twin: to end
};

// How many bytes below the stack pointer must be the thread's stack.
std::uint64_t stack_needed(std::size_t xstate_size);

// `mask`: blocked signals; `xstate`: as PTRACE_GETREGSET gives NT_X86_XSTATE, at least 576 bytes.
DeadManFrames make_frames(const user_regs_struct& registers, std::uint64_t mask,
                          std::span<const std::byte> xstate, Address restorer);

}  // namespace heapglass

#endif
