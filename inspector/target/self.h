// The inspector as its host sees it: it must never be the reason why its target is ended.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heapglass {

// Should memory run out, the kernel is to end us first (oom_score_adj 1000; proc(5)). Done once, at
// the start; needs no privilege.
void offer_ourselves_to_the_oom_killer();

// Bytes that may still be used here: MemAvailable, or less where a memory cgroup of ours, or one
// above it, has a limit.
std::uint64_t free_memory_here();

// The same for what `pid` uses: of the machine and of its memory cgroups.
std::uint64_t free_memory_of(pid_t pid);

// How many processes and threads may still be made in the cgroups of `pid`; nullopt: no limit.
std::optional<std::uint64_t> free_pids_of(pid_t pid);

// Whether memory that we use counts against a limit that also holds for `pid` (kubectl exec, docker
// exec: one memory cgroup with the target, or a common one above both).
bool shares_cgroup(pid_t pid);

// A process's cgroup for one controller ("memory", "pids"), by the text of /proc/PID/cgroup
// (cgroups(7)): of version 1 where the controller has a hierarchy there, else of version 2.
struct Cgroup {
  bool v1 = false;
  std::string path;  // below the hierarchy's mount: "/kubepods/pod1/abc"
};
std::optional<Cgroup> cgroup_of(std::string_view text, std::string_view controller);

// The tightest limit of the cgroup and those above it, bytes; nullopt: none.
std::optional<std::uint64_t> cgroup_limit(const Cgroup& cgroup);
// A file of its own directory; nullopt: there is none.
std::optional<std::string> cgroup_file(const Cgroup& cgroup, const std::string& name);

// For tests: the same over given text and files.

// "/a/b" and "/a/c" have "/a" in common.
std::string common_path(std::string_view a, std::string_view b);

// Bytes left below the tightest limit of the cgroup and those above it; what the kernel can drop at
// once (inactive_file) counts as free. nullopt: no limit. `mounts`: where cgroups are mounted,
// "/sys/fs/cgroup".
std::optional<std::uint64_t> memory_headroom(const Cgroup& cgroup, const std::string& mounts);
// Likewise of processes and threads.
std::optional<std::uint64_t> pids_headroom(const Cgroup& cgroup, const std::string& mounts);

}  // namespace heapglass
