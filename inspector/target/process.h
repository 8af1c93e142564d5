// A live process by its pid: identity that a reused pid cannot imitate, what /proc tells of it, and
// why it can or cannot be read.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inspector/target/page_map.h"
#include "symbols/descriptor.h"
#include "symbols/memory.h"

namespace heapglass {

struct ProcessFacts {
  pid_t pid = 0;
  pid_t inner_pid = 0;  // in its own pid namespace (the last of NSpid)
  pid_t parent = 0;
  pid_t tracer = 0;  // TracerPid; 0 when untraced
  uid_t uid = 0;     // effective
  char state = '?';  // R S D T t Z X
  std::uint32_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot: with the pid, the identity
  double age_seconds = 0;
  std::uint64_t rss = 0;   // bytes
  std::uint64_t swap = 0;  // bytes
  bool seccomp_filter = false;
  std::string exe;      // readlink of /proc/PID/exe; empty where not permitted
  std::string command;  // argv joined by blanks; comm where that is empty
};

// nullopt: there is no such process.
std::optional<ProcessFacts> read_process(pid_t pid);

// All pids of /proc, ascending.
std::vector<pid_t> all_pids();

// A process that was looked at and may be read: notices when it is gone, when its pid came to mean
// another process, and when it became another program.
class Process {
 public:
  // Throws Failure: target_gone (no such process, zombie), not_permitted (with the one cause: other
  // user, Yama, missing CAP_SYS_PTRACE, already traced and by whom).
  static Process open(pid_t pid);
  Process(Process&&) noexcept = default;
  Process& operator=(Process&&) = delete;

  const ProcessFacts& facts() const { return facts_; }
  pid_t pid() const { return facts_.pid; }
  // Still the same process, alive (not a zombie), in the memory that it had (no execve since).
  bool alive() const;
  // Throws Failure(target_gone) when not alive().
  void require_alive() const;

 private:
  explicit Process(ProcessFacts facts) : facts_(std::move(facts)) {}
  bool ended() const;
  bool replaced() const;

  ProcessFacts facts_;
  Descriptor pidfd_, page_map_;  // empty where the kernel has none
};

// Why `pid` cannot be read, as the Failure that names cause and remedy would say it; for `ps` and
// `doctor`, which report instead of ending. nullopt: it can.
struct Refusal {
  std::string cause;
  std::string remedy;
};
std::optional<Refusal> why_not_readable(const ProcessFacts& facts);

// process_vm_readv, batched by IOV_MAX, and /proc/PID/mem; stops at nothing.
class ProcessMemory final : public Memory {
 public:
  explicit ProcessMemory(pid_t pid);
  using Memory::read;
  void read(std::span<ReadRequest> requests) override;
  // The same of pages that the caller has looked up already: all PageState::shared, or none.
  void read_pages(std::span<ReadRequest> requests, bool shared) const;

 private:
  pid_t pid_;
  Descriptor memory_;  // of /proc/PID/mem; may be none
  PageMap pages_;
};

}  // namespace heapglass
