// Why a process cannot be read: the kernel says only EPERM, so its rules are gone through here, in
// the kernel's order (kernel/ptrace.c, __ptrace_may_access and ptrace_attach; security/commoncap.c;
// security/yama/yama_lsm.c), over facts that /proc gives. The decision is a pure function.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inspector/target/process.h"

namespace heapglass {

enum class Container : std::uint8_t { none, docker, kubernetes };

struct AccessFacts {
  // What was tried. Errors are errno values, 0 where it went well.
  int read_error = 0;      // process_vm_readv of one byte
  int mem_file_error = 0;  // open of /proc/PID/mem

  // The target.
  pid_t pid = 0;
  std::string name;                       // its comm
  std::vector<std::uint64_t> uids, gids;  // real, effective, saved
  std::uint64_t permitted = 0;            // CapPrm
  bool dumpable = true;                   // its files in /proc are its own user's
  pid_t tracer = 0;
  std::string tracer_name;  // comm of the tracer; empty if it cannot be told
  bool descendant = false;  // of ours: Yama's scope 1 allows these

  // Ourselves.
  std::uint64_t uid = 0, gid = 0;  // real
  std::uint64_t own_permitted = 0;
  std::uint64_t own_effective = 0;
  bool seccomp_filter = false;
  bool initial_user_namespace = true;
  std::optional<bool> same_user_namespace;  // nullopt where the link cannot be read
  std::string confinement;  // AppArmor's or SELinux's label of ours; empty: unconfined
  Container container = Container::none;
  std::string hostname;  // in a container, its id or the name of its pod

  // The system.
  int yama_scope = 0;  // 0 where there is no Yama
};

// nullopt: nothing stands in the way of reading the process or of stopping it.
std::optional<Refusal> explain(const AccessFacts& facts);

// Tries to read, and gathers the facts.
AccessFacts gather_access_facts(const ProcessFacts& target);

// The same of what stands in files alone, for tests over recorded ones: `proc` is "/proc", in which
// we are `self`; where a container leaves its marks is below `root`, "" for ours.
void read_access_facts(AccessFacts& facts, const std::string& proc, const std::string& self,
                       const std::string& root);

// Why PTRACE_SEIZE of one thread of `pid` was refused with EPERM.
Refusal why_not_seizable(pid_t pid, pid_t tid);

}  // namespace heapglass
