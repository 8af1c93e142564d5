#include "inspector/target/permission.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "inspector/target/proc_text.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kPtraceCapability = std::uint64_t{1} << CAP_SYS_PTRACE;
constexpr int kYamaDescendants = 1, kYamaAdministrator = 2, kYamaNobody = 3;

std::string text(auto number) { return std::to_string(number); }

std::string process_text(const AccessFacts& facts) { return "process " + text(facts.pid); }

bool all_equal(const std::vector<std::uint64_t>& ids, std::uint64_t own) {
  return std::all_of(ids.begin(), ids.end(), [&](std::uint64_t id) { return id == own; });
}

// The command that brings CAP_SYS_PTRACE: root outside of containers; inside, a second container
// beside the first, for a running one cannot be given more.
std::string with_capability(const AccessFacts& facts) {
  const std::string pid = text(facts.pid);
  switch (facts.container) {
    case Container::docker:
      return "docker run --rm -it --pid container:" + facts.hostname +
             " --cap-add SYS_PTRACE -v \"$(command -v heapglass):/heapglass\" debian:12 "
             "/heapglass " +
             pid;
    case Container::kubernetes:
      return "kubectl debug -it " + facts.hostname +
             " --profile=sysadmin --image=debian:12 --target=CONTAINER  # then, in it: heapglass " +
             pid;
    case Container::none:
      break;
  }
  return facts.uid == 0 ? "run it from a root shell that has CAP_SYS_PTRACE (see: capsh --print)"
                        : "sudo heapglass " + pid;
}

std::string missing_capability(const AccessFacts& facts) {
  return facts.uid == 0 ? "we are root without CAP_SYS_PTRACE" : "we have no CAP_SYS_PTRACE";
}

Refusal traced(const AccessFacts& facts) {
  const std::string name = facts.tracer_name.empty() ? "" : " (" + facts.tracer_name + ")";
  return {process_text(facts) + " is already traced by process " + text(facts.tracer) + name,
          "end that tracer: kill " + text(facts.tracer)};
}

Refusal by_user(const AccessFacts& facts) {
  const std::uint64_t user = facts.uids.size() > 1 ? facts.uids[1] : 0;
  const bool other_user = !all_equal(facts.uids, facts.uid);
  const std::string owner = other_user ? "uid " + text(user) : "another group than ours";
  if (facts.uid == 0) {
    // Root of a container can still become that user, whom nothing else forbids to read.
    if (other_user && facts.container != Container::none && facts.yama_scope == 0 &&
        facts.dumpable && facts.permitted == 0 && facts.gids.size() > 1) {
      return {process_text(facts) + " belongs to " + owner + ", and " + missing_capability(facts),
              "setpriv --reuid " + text(user) + " --regid " + text(facts.gids[1]) +
                  " --clear-groups heapglass " + text(facts.pid)};
    }
    return {process_text(facts) + " belongs to " + owner + ", and " + missing_capability(facts),
            with_capability(facts)};
  }
  const std::string cause =
      process_text(facts) + " belongs to " + owner + ", and we are uid " + text(facts.uid);
  // In a container even root lacks the capability, while the process's own user needs none.
  if (facts.container == Container::docker && other_user) {
    return {cause, "docker exec -it -u " + text(user) + " " + facts.hostname + " heapglass " +
                       text(facts.pid)};
  }
  return {cause, with_capability(facts)};
}

Refusal by_security_module(const AccessFacts& facts) {
  if (!facts.confinement.empty()) {
    return {"a security module confines us (label " + facts.confinement + ") and refuses to read " +
                process_text(facts),
            "run heapglass unconfined; the refusal is in the kernel's log: dmesg | grep -iE "
            "'apparmor|avc|ptrace'"};
  }
  return {"the kernel refuses to let us read " + process_text(facts) +
              ", and neither users, capabilities nor Yama explain it: a security module does",
          "dmesg | grep -iE 'apparmor|avc|ptrace'"};
}

// With CAP_SYS_PTRACE in force, what is left is what even root is refused.
Refusal despite_capability(const AccessFacts& facts) {
  if (!facts.initial_user_namespace || facts.same_user_namespace == false) {
    return {
        process_text(facts) +
            " lives in a user namespace that our CAP_SYS_PTRACE does not reach into",
        "run heapglass on the host: sudo heapglass with the pid that `sudo heapglass ps` shows"};
  }
  return by_security_module(facts);
}

Refusal without_capability(const AccessFacts& facts) {
  if (!all_equal(facts.uids, facts.uid) || !all_equal(facts.gids, facts.gid)) return by_user(facts);
  if (!facts.dumpable) {
    return {
        process_text(facts) +
            " is marked as not dumpable (it changed its user, or asked for it with prctl), and " +
            missing_capability(facts),
        with_capability(facts)};
  }
  if ((facts.permitted & ~facts.own_permitted) != 0) {
    return {
        process_text(facts) + " has capabilities that we lack, and " + missing_capability(facts),
        with_capability(facts)};
  }
  if (facts.yama_scope == kYamaAdministrator) {
    return {
        "Yama allows only administrators to read other processes "
        "(kernel.yama.ptrace_scope is 2), and " +
            missing_capability(facts),
        with_capability(facts)};
  }
  if (facts.yama_scope == kYamaDescendants && !facts.descendant) {
    return {
        "Yama lets a process read only its own descendants (kernel.yama.ptrace_scope is 1), and " +
            missing_capability(facts),
        with_capability(facts)};
  }
  if (facts.same_user_namespace == false) {
    return {process_text(facts) + " lives in another user namespace than we do, and " +
                missing_capability(facts),
            with_capability(facts)};
  }
  return by_security_module(facts);
}

int try_to_read(pid_t pid) {
  // Permission is looked at before the address: nothing is mapped at 0, so EFAULT means "allowed".
  char byte = 0;
  const iovec local{&byte, 1};
  const iovec remote{nullptr, 1};
  if (::process_vm_readv(pid, &local, 1, &remote, 1, 0) >= 0 || errno == EFAULT) return 0;
  return errno;
}

int try_to_open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

std::string link_text(const std::string& path) {
  std::array<char, 256> buffer;
  const ssize_t size = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

std::string first_line(const std::string& path) {
  std::string line = read_small_file(path).value_or("");
  line.resize(std::min(line.find_first_of(std::string_view("\n\0", 2)), line.size()));
  return line;
}

bool has_ancestor(const std::string& proc, pid_t pid, pid_t ancestor) {
  constexpr int kDeepest = 1000;  // a bound: pids may be reused while we climb
  for (int i = 0; i < kDeepest && pid > 1; ++i) {
    if (pid == ancestor) return true;
    const std::string stat = read_small_file(proc + '/' + text(pid) + "/stat").value_or("");
    pid = parse_stat(stat).value_or(StatLine{}).parent;
  }
  return false;
}

Container surrounding_container(const std::string& root) {
  if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) return Container::kubernetes;
  if (::access((root + "/.dockerenv").c_str(), F_OK) == 0 ||
      ::access((root + "/run/.containerenv").c_str(), F_OK) == 0) {
    return Container::docker;
  }
  return Container::none;
}

std::string confinement(const std::string& own) {
  std::string label = first_line(own + "/attr/apparmor/current");
  if (label.empty()) label = first_line(own + "/attr/current");
  return label.starts_with("unconfined") || label.find(":unconfined_t:") != std::string::npos
             ? std::string()
             : label;
}

void gather_own_facts(AccessFacts& facts, const std::string& proc, const std::string& own,
                      const std::string& root) {
  const std::string status = read_small_file(own + "/status").value_or("");
  facts.uid = status_number(status, "Uid");
  facts.gid = status_number(status, "Gid");
  facts.own_permitted = status_number(status, "CapPrm", 16);
  facts.own_effective = status_number(status, "CapEff", 16);
  facts.seccomp_filter = status_number(status, "Seccomp") == 2;
  const std::string map = read_small_file(own + "/uid_map").value_or("");
  const auto identity = status_numbers("map: " + map, "map");
  facts.initial_user_namespace =
      identity.empty() || identity == std::vector<std::uint64_t>{0, 0, 4294967295};
  facts.confinement = confinement(own);
  facts.container = surrounding_container(root);
  facts.hostname = first_line(proc + "/sys/kernel/hostname");
  facts.yama_scope = std::atoi(first_line(proc + "/sys/kernel/yama/ptrace_scope").c_str());
}

void gather_target_facts(AccessFacts& facts, const std::string& proc, const std::string& own) {
  const pid_t pid = facts.pid;
  const std::string directory = proc + '/' + text(pid);
  const std::string status = read_small_file(directory + "/status").value_or("");
  const auto first_three = [&](std::string_view name) {
    auto ids = status_numbers(status, name);
    ids.resize(std::min<std::size_t>(ids.size(), 3));  // the fourth, fsuid, does not matter
    return ids;
  };
  facts.name = first_line(directory + "/comm");
  facts.uids = first_three("Uid");
  facts.gids = first_three("Gid");
  facts.permitted = status_number(status, "CapPrm", 16);
  // The kernel gives the files of a process that is not dumpable to root (fs/proc/base.c,
  // task_dump_owner), but for the directory itself.
  struct stat file {};
  if (::stat((directory + "/mem").c_str(), &file) == 0 && facts.uids.size() > 1) {
    facts.dumpable = file.st_uid == facts.uids[1];
  }
  const std::string own_namespace = link_text(own + "/ns/user");
  const std::string its_namespace = link_text(directory + "/ns/user");
  if (!own_namespace.empty() && !its_namespace.empty()) {
    facts.same_user_namespace = own_namespace == its_namespace;
  }
  const std::string stat = read_small_file(own + "/stat").value_or("");
  const auto own_pid = static_cast<pid_t>(std::strtol(stat.c_str(), nullptr, 10));
  facts.descendant = own_pid > 0 && has_ancestor(proc, pid, own_pid);
}

}  // namespace

std::optional<Refusal> explain(const AccessFacts& facts) {
  if (facts.read_error == 0) {
    return facts.tracer == 0 ? std::nullopt : std::optional(traced(facts));
  }
  if (facts.read_error == ESRCH) return std::nullopt;  // gone: not a matter of permission
  if (facts.mem_file_error == 0 && (facts.seccomp_filter || facts.read_error == ENOSYS)) {
    return Refusal{"process_vm_readv is refused by a seccomp filter on ourselves",
                   facts.container == Container::none
                       ? "run heapglass outside of the sandbox that it is in"
                       : with_capability(facts)};
  }
  if (facts.yama_scope >= kYamaNobody) {
    return Refusal{
        process_text(facts) +
            " cannot be read: Yama forbids to read any (kernel.yama.ptrace_scope is 3), and that "
            "cannot be taken back while the system runs",
        "echo kernel.yama.ptrace_scope=1 | sudo tee /etc/sysctl.d/99-ptrace.conf  # then reboot"};
  }
  if ((facts.own_effective & kPtraceCapability) != 0) return despite_capability(facts);
  return without_capability(facts);
}

AccessFacts gather_access_facts(const ProcessFacts& target) {
  AccessFacts facts;
  facts.pid = target.pid;
  facts.tracer = target.tracer;
  facts.read_error = try_to_read(target.pid);
  if (facts.tracer != 0) {
    // The kernel names the tracing thread; what one ends is its process.
    const std::string status =
        read_small_file("/proc/" + text(facts.tracer) + "/status").value_or("");
    const auto process = static_cast<pid_t>(status_number(status, "Tgid"));
    if (process != 0) facts.tracer = process;
    facts.tracer_name = first_line("/proc/" + text(facts.tracer) + "/comm");
  }
  if (facts.read_error == 0) return facts;
  facts.mem_file_error = try_to_open("/proc/" + text(target.pid) + "/mem");
  read_access_facts(facts, "/proc", "self", "");
  return facts;
}

void read_access_facts(AccessFacts& facts, const std::string& proc, const std::string& self,
                       const std::string& root) {
  const std::string own = proc + '/' + self;
  gather_own_facts(facts, proc, own, root);
  gather_target_facts(facts, proc, own);
}

std::optional<Refusal> why_not_readable(const ProcessFacts& facts) {
  return explain(gather_access_facts(facts));
}

Refusal why_not_seizable(pid_t pid, pid_t tid) {
  ProcessFacts target;
  target.pid = pid;
  const std::string status =
      read_small_file("/proc/" + text(pid) + "/task/" + text(tid) + "/status").value_or("");
  target.tracer = static_cast<pid_t>(status_number(status, "TracerPid"));
  if (auto refusal = why_not_readable(target)) return *refusal;
  return {
      "thread " + text(tid) + " of process " + text(pid) +
          " cannot be traced, though its memory may be read: a seccomp filter on ourselves or a "
          "tracer that we cannot see",
      "on the host: sudo heapglass " + text(pid)};
}

}  // namespace heapglass
