#include "inspector/target/injection.h"

#include <algorithm>

#include "inspector/target/dead_man.h"
#include "inspector/target/present_memory.h"
#include "inspector/target/proc_text.h"

#if defined(__x86_64__)

#include <elf.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

namespace heapglass {

namespace {

using Clock = Hold::Clock;
using namespace std::chrono_literals;

constexpr std::size_t kMaskSize = 8;
constexpr unsigned kUserCode = 0x33;  // cs of 64-bit code
constexpr std::size_t kSmallestXstate = 576;
// No call of ours takes long but clone, by the size of the target's page tables.
constexpr auto kLongest = 30s;
constexpr auto kYielding = 2ms;

long request(int what, pid_t tid, std::uintptr_t address, std::uintptr_t data) {
  return ::ptrace(static_cast<__ptrace_request>(what), tid, address, data);
}
long request(int what, pid_t tid, std::uintptr_t address, const void* data) {
  return request(what, tid, address, reinterpret_cast<std::uintptr_t>(data));
}

std::string status_of(pid_t pid, pid_t tid) {
  return read_small_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) +
                         "/status")
      .value_or("");
}

// At what a thread has come to stand.
struct Standstill {
  enum Kind : std::uint8_t { event, system_call, child, signal, gone, nowhere };
  Kind kind = nowhere;
  int number = 0;  // of a signal
};

// Does not consume the stop (WNOWAIT; see look() in threads.cpp).
Standstill next_standstill(pid_t tid) {
  const auto begin = Clock::now();
  for (auto now = begin; now - begin < kLongest; now = Clock::now()) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(tid), &info,
                 WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) != 0) {
      if (errno == EINTR) continue;
      return {errno == ECHILD ? Standstill::gone : Standstill::nowhere, 0};
    }
    if (info.si_pid != 0) {
      if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) return {Standstill::gone, 0};
      const int event = info.si_status >> 8;
      const int signal = info.si_status & 0xff;
      if (event == PTRACE_EVENT_CLONE) return {Standstill::child, 0};
      if (event != 0) return {Standstill::event, signal};
      if (signal == (SIGTRAP | 0x80)) return {Standstill::system_call, 0};
      return {Standstill::signal, signal};
    }
    if (now - begin < kYielding) {
      ::sched_yield();
    } else {
      const timespec nap{0, 50'000};
      ::clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, nullptr);
    }
  }
  return {};
}

bool restorer_at(pid_t pid, Address address) {
  unsigned char bytes[sizeof kRestorer] = {};
  return address != 0 && ProcessMemory(pid).read(address, bytes, sizeof bytes) &&
         std::memcmp(bytes, kRestorer, sizeof bytes) == 0;
}

// C libraries first: theirs is called by signal handlers' ends, and so is sure to be what it seems.
bool likely_library(const Mapping& mapping) {
  return mapping.path.find("/libc.") != std::string::npos ||
         mapping.path.find("/libc-") != std::string::npos ||
         mapping.path.find("/ld-musl") != std::string::npos;
}

Address search_restorer(pid_t pid, const std::vector<Mapping>& maps) {
  constexpr std::uint64_t kMost = 256 << 20;  // of one mapping; bounds our memory
  PresentMemory memory(pid, maps);
  for (const bool likely : {true, false}) {
    for (const Mapping& mapping : maps) {
      const bool code = mapping.executable && mapping.readable && !mapping.writable &&
                        mapping.file_backed() && !mapping.shared;
      if (!code || likely_library(mapping) != likely) continue;
      std::vector<unsigned char> bytes(std::min(mapping.range.size(), kMost));
      if (!memory.read(mapping.range.begin, bytes.data(), bytes.size())) continue;
      const auto found =
          std::search(bytes.begin(), bytes.end(), std::begin(kRestorer), std::end(kRestorer));
      if (found == bytes.end()) continue;
      const Address address =
          mapping.range.begin + static_cast<std::uint64_t>(found - bytes.begin());
      if (restorer_at(pid, address)) return address;
    }
  }
  return 0;
}

// The vector registers and what else XSAVE saves.
std::vector<std::byte> read_xstate(pid_t tid) {
  std::vector<std::byte> bytes(64 << 10);
  iovec piece{bytes.data(), bytes.size()};
  if (request(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &piece) != 0) return {};
  bytes.resize(piece.iov_len);
  return bytes;
}

// Why the thread's stack cannot take the frames; empty: it can.
std::string stack_trouble(const Hold& hold, const Site& site, pid_t tid,
                          const user_regs_struct& registers, std::uint64_t needed) {
  if (!std::binary_search(site.threads.begin(), site.threads.end(), tid)) return "it is new";
  const auto after =
      std::upper_bound(site.maps.begin(), site.maps.end(), registers.rsp - 1,
                       [](Address a, const Mapping& m) { return a < m.range.begin; });
  if (after == site.maps.begin()) return "its stack is not mapped";
  const Mapping& stack = *(after - 1);
  if (!stack.range.contains(registers.rsp - 1)) return "its stack is not mapped";
  if (!stack.readable || !stack.writable || stack.shared || stack.file_backed()) {
    return "its stack is not private memory";
  }
  const bool own = tid == hold.pid ? stack.path == "[stack]"
                                   : stack.range.contains(registers.fs_base) &&
                                         registers.rsp < registers.fs_base;
  if (!own) return "it stands on a stack that is not its own";
  if (registers.rsp - stack.range.begin < needed) return "too little of its stack is left";
  return {};
}

// Not known to the C library of Debian 12.
struct RseqConfiguration {
  std::uint64_t address;
  std::uint32_t size, signature, flags, padding;
};
struct DispatchConfiguration {
  std::uint64_t mode, selector, offset, length;
};

// The reason why a thread must be inside a system call: elsewhere it may stand in a sequence that
// the kernel would have to abort (uapi/linux/rseq.h: rseq_cs, at 8, is zero outside of one).
bool outside_of_sequences(pid_t pid, pid_t tid) {
  constexpr int kGetRseq = 0x420f;
  constexpr Address kCriticalSection = 8;
  RseqConfiguration rseq{};
  if (request(kGetRseq, tid, sizeof rseq, &rseq) != sizeof rseq) return false;
  if (rseq.address == 0) return true;
  std::uint64_t section = 1;
  return ProcessMemory(pid).read(rseq.address + kCriticalSection, &section, sizeof section) &&
         section == 0;
}

// What else would see or forbid the call; empty: nothing.
std::string other_trouble(pid_t pid, pid_t tid) {
  if (status_value(status_of(pid, tid), "x86_Thread_features").find("shstk") !=
      std::string_view::npos) {
    return "it has a shadow stack";
  }
  constexpr int kGetDispatch = 0x4211;
  DispatchConfiguration dispatch{};
  if (request(kGetDispatch, tid, sizeof dispatch, &dispatch) == 0 && dispatch.mode != 0) {
    return "its system calls are dispatched by itself (PR_SET_SYSCALL_USER_DISPATCH)";
  }
  return {};
}

// The steps of one injection. Each returns false where the thread is to be left as it stands.
class Injection {
 public:
  Injection(Hold& hold, Tracee& thread, const Site& site, const SystemCall& call)
      : pid_(hold.pid), thread_(thread), tid_(thread.tid), site_(site), call_(call) {}

  Injected run(const std::function<void(pid_t)>& on_child) {
    Injected result;
    if (!write_frames(result) || !set_options(result)) return result;
    if (divert() && enter()) carry_out(on_child, result);
    if (!result.result && result.why_not.empty()) {
      result.why_not = "a signal came, or the kernel refused a step of it";
    }
    return result;
  }

 private:
  bool write_frames(Injected& result) {
    result.why_not = "its registers could not be read";
    if (request(PTRACE_GETREGS, tid_, 0, &saved_) != 0) return false;
    if (request(PTRACE_GETSIGMASK, tid_, kMaskSize, &mask_) != 0) return false;
    const std::vector<std::byte> xstate = read_xstate(tid_);
    if (xstate.size() < kSmallestXstate) return false;
    result.why_not = "its code or its stack changed meanwhile";
    // In the same stop: libraries are unmapped at any time before.
    if (!restorer_at(pid_, site_.restorer)) return false;
    frames_ = make_frames(saved_, mask_, xstate, site_.restorer);
    const iovec local{frames_.bytes.data(), frames_.bytes.size()};
    const iovec remote{reinterpret_cast<void*>(frames_.base), frames_.bytes.size()};
    if (::process_vm_writev(pid_, &local, 1, &remote, 1, 0) !=
        static_cast<ssize_t>(frames_.bytes.size())) {
      return false;
    }
    result.why_not.clear();
    return true;
  }

  bool set_options(Injected& result) {
    std::uintptr_t options = PTRACE_O_TRACESYSGOOD;
    if (call_.makes_child) options |= PTRACE_O_TRACECLONE;
    const bool filtered = status_number(status_of(pid_, tid_), "Seccomp") != 0;
    if (filtered) options |= PTRACE_O_SUSPEND_SECCOMP;
    if (request(PTRACE_SETOPTIONS, tid_, 0, options) == 0) return true;
    result.suspend_refused = filtered;
    result.why_not = filtered ? "a seccomp filter is in force there, and may not be suspended by us"
                              : "the kernel refused to trace it";
    return false;
  }

  // From here on the thread, when it runs, returns through the frame to where it was.
  bool divert() {
    user_regs_struct registers = saved_;
    registers.rip = site_.restorer;
    registers.rsp = frames_.back;
    registers.orig_rax = ~0ULL;  // nothing to restart
    registers.rax = 0;
    if (request(PTRACE_SETREGS, tid_, 0, &registers) != 0) return false;
    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    if (request(PTRACE_SETSIGMASK, tid_, kMaskSize, &kAll) == 0) return true;
    put_back();
    return false;
  }

  bool go_on(int how) {
    if (request(how, tid_, 0, std::uintptr_t{0}) != 0) return false;
    thread_.stopped = false;
    const Standstill at = next_standstill(tid_);
    // Where it cannot be told, to let it go is tried.
    thread_.stopped = at.kind != Standstill::gone;
    thread_.signal = at.kind == Standstill::signal ? at.number : 0;
    at_ = at.kind;
    return at.kind != Standstill::gone && at.kind != Standstill::nowhere;
  }

  // To the entry of rt_sigreturn, and the call in its place.
  bool enter() {
    // Of a target that was in a group-stop, PTRACE_SEIZE and PTRACE_INTERRUPT each cause a stop.
    constexpr int kMostStops = 3;
    at_ = Standstill::event;
    for (int i = 0; i < kMostStops && at_ == Standstill::event; ++i) {
      if (!go_on(PTRACE_SYSCALL)) return false;
    }
    if (at_ != Standstill::system_call) {  // SIGSTOP, which nothing blocks
      put_back();
      return false;
    }
    user_regs_struct registers{};
    if (request(PTRACE_GETREGS, tid_, 0, &registers) != 0) return false;
    registers.orig_rax = static_cast<std::uint64_t>(call_.number);
    registers.rdi = call_.arguments[0];
    registers.rsi = call_.makes_child ? frames_.end : call_.arguments[1];
    registers.rdx = call_.arguments[2];
    registers.r10 = call_.arguments[3];
    registers.r8 = 0;
    registers.rip = site_.restorer;  // again, and then as it is
    return request(PTRACE_SETREGS, tid_, 0, &registers) == 0;
  }

  void carry_out(const std::function<void(pid_t)>& on_child, Injected& result) {
    if (!go_on(PTRACE_SYSCALL)) return;
    if (at_ == Standstill::child) {
      unsigned long child = 0;
      if (request(PTRACE_GETEVENTMSG, tid_, 0, &child) == 0) on_child(static_cast<pid_t>(child));
    }
    // Into get_signal(), from where the interrupted call is restarted.
    if (request(PTRACE_INTERRUPT, tid_, 0, std::uintptr_t{0}) != 0) return;
    if (!go_on(PTRACE_CONT) || (at_ != Standstill::event && at_ != Standstill::signal)) return;
    user_regs_struct registers{};
    if (request(PTRACE_GETREGS, tid_, 0, &registers) != 0) return;
    result.result = static_cast<long>(registers.rax);
    put_back();
  }

  void put_back() {
    if (request(PTRACE_SETSIGMASK, tid_, kMaskSize, &mask_) != 0) return;
    if (request(PTRACE_SETREGS, tid_, 0, &saved_) != 0) return;
    request(PTRACE_SETOPTIONS, tid_, 0, std::uintptr_t{0});
  }

  pid_t pid_;
  Tracee& thread_;
  pid_t tid_;
  const Site& site_;
  const SystemCall& call_;
  user_regs_struct saved_{};
  std::uint64_t mask_ = 0;
  DeadManFrames frames_;
  Standstill::Kind at_ = Standstill::nowhere;
};

}  // namespace

Site find_site(pid_t pid, Address known) {
  Site site;
  site.threads = numbered_entries("/proc/" + std::to_string(pid) + "/task");
  site.maps = read_maps(pid);
  site.restorer = restorer_at(pid, known) ? known : search_restorer(pid, site.maps);
  return site;
}

Choice choose_thread(Hold& hold, const Site& site) {
  if (site.restorer == 0) return {nullptr, "no C library was found in it whose code could be used"};
  Choice choice{nullptr, "none of its threads has come to a stop"};
  for (const bool in_call : {true, false}) {
    for (Tracee& thread : hold.tracees) {
      if (!thread.stopped || thread.signal != 0) continue;
      user_regs_struct registers{};
      if (request(PTRACE_GETREGS, thread.tid, 0, &registers) != 0) continue;
      const std::string name = "thread " + std::to_string(thread.tid) + ": ";
      if ((registers.cs & 0xffff) != kUserCode) {
        choice.why_not = name + "it runs 32-bit code";
        continue;
      }
      if ((static_cast<std::int64_t>(registers.orig_rax) >= 0) != in_call) continue;
      if (!in_call && !outside_of_sequences(hold.pid, thread.tid)) {
        choice.why_not = name + "it is not inside a system call";
        continue;
      }
      const std::size_t xstate = read_xstate(thread.tid).size();
      std::string trouble = stack_trouble(hold, site, thread.tid, registers, stack_needed(xstate));
      if (trouble.empty()) trouble = other_trouble(hold.pid, thread.tid);
      if (trouble.empty()) return {&thread, {}};
      choice.why_not = name + trouble;
    }
  }
  return choice;
}

Injected inject(Hold& hold, Tracee& thread, const Site& site, const SystemCall& call,
                const std::function<void(pid_t)>& on_child) {
  return Injection(hold, thread, site, call).run(on_child);
}

}  // namespace heapglass

#else

namespace heapglass {

Site find_site(pid_t, Address) { return {}; }

Choice choose_thread(Hold&, const Site&) { return {nullptr, "only x86-64 can"}; }

Injected inject(Hold&, Tracee&, const Site&, const SystemCall&, const std::function<void(pid_t)>&) {
  return {std::nullopt, "only x86-64 can", false};
}

}  // namespace heapglass

#endif
