#include "inspector/target/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>
#include <utility>

#include "inspector/target/proc_text.h"
#include "symbols/failure.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kKibi = 1024;

std::string named(pid_t pid) { return "process " + std::to_string(pid); }

std::string link_text(const std::string& path) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

double seconds_since_start(std::uint64_t start_ticks) {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const double up = static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  const auto hertz = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return std::max(0.0, up - static_cast<double>(start_ticks) / hertz);
}

std::uint64_t resident_bytes(const std::string& statm) {
  // "size resident shared ...", in pages.
  return status_number("statm: " + statm, "statm", 10, 1) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool is_dead(char state) { return state == 'Z' || state == 'X'; }

Failure gone(pid_t pid) { return {Exit::target_gone, named(pid) + " has ended", "heapglass ps"}; }

// Why /proc shows no process of that number.
Failure no_such_process(pid_t pid) {
  const std::string status =
      read_small_file("/proc/" + std::to_string(pid) + "/status").value_or("");
  const auto group = static_cast<pid_t>(status_number(status, "Tgid"));
  if (group != 0 && group != pid) {
    return {Exit::target_gone,
            std::to_string(pid) + " is a thread of process " + std::to_string(group),
            "heapglass " + std::to_string(group)};
  }
  if (pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM)) {
    return {Exit::not_permitted,
            named(pid) + " exists, but /proc hides it (mounted with hidepid, or another user's)",
            "sudo heapglass " + std::to_string(pid)};
  }
  return {Exit::target_gone, "there is no process " + std::to_string(pid), "heapglass ps"};
}

Failure zombie(const ProcessFacts& facts) {
  const std::string parent = read_stat(facts.parent).value_or(StatLine{}).comm;
  return {Exit::target_gone,
          named(facts.pid) + " is a zombie: it has ended, and its parent " +
              std::to_string(facts.parent) + (parent.empty() ? "" : " (" + parent + ")") +
              " has not yet collected it",
          "heapglass ps"};
}

Descriptor open_pidfd(pid_t pid) {
  // Of the system call's failures only ESRCH matters: kernels before 5.3 and old seccomp profiles
  // do not have it, and then the start time is all there is.
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0 && errno == ESRCH) throw no_such_process(pid);
  return Descriptor(fd);
}

}  // namespace

std::optional<ProcessFacts> read_process(pid_t pid) {
  const std::string directory = "/proc/" + std::to_string(pid);
  const auto stat = read_stat(pid);
  const auto status = read_small_file(directory + "/status");
  if (pid <= 0 || !stat || !status) return std::nullopt;
  // /proc/TID exists for threads too, though no listing shows it.
  if (status_number(*status, "Tgid") != static_cast<std::uint64_t>(pid)) return std::nullopt;

  ProcessFacts facts;
  facts.pid = pid;
  const auto inner = status_numbers(*status, "NSpid");
  facts.inner_pid = inner.empty() ? pid : static_cast<pid_t>(inner.back());
  facts.parent = stat->parent;
  facts.tracer = static_cast<pid_t>(status_number(*status, "TracerPid"));
  facts.uid = static_cast<uid_t>(status_number(*status, "Uid", 10, 1));
  facts.state = stat->state;
  facts.threads = static_cast<std::uint32_t>(status_number(*status, "Threads"));
  facts.start_ticks = stat->start_ticks;
  facts.age_seconds = seconds_since_start(stat->start_ticks);
  facts.rss = resident_bytes(read_small_file(directory + "/statm").value_or(""));
  facts.swap = status_number(*status, "VmSwap") * kKibi;
  facts.seccomp_filter = status_number(*status, "Seccomp") == 2;
  facts.exe = link_text(directory + "/exe");
  facts.command = join_arguments(read_small_file(directory + "/cmdline").value_or(""));
  if (facts.command.empty()) facts.command = stat->comm;
  return facts;
}

std::vector<pid_t> all_pids() { return numbered_entries("/proc"); }

Process Process::open(pid_t pid) {
  auto facts = read_process(pid);
  if (!facts) throw no_such_process(pid);
  if (is_dead(facts->state)) throw zombie(*facts);
  if ((read_stat(pid).value_or(StatLine{}).flags & kKernelThread) != 0) {
    throw Failure(Exit::not_cpython,
                  named(pid) + " is a thread of the kernel (" + facts->command + ")",
                  "heapglass ps");
  }
  Process process(std::move(*facts));
  process.pidfd_ = open_pidfd(pid);
  // Between the first look and the pidfd the pid may have come to mean another process.
  if (read_stat(pid).value_or(StatLine{}).start_ticks != process.facts_.start_ticks) {
    throw gone(pid);
  }
  if (const auto refusal = why_not_readable(process.facts_)) {
    process.require_alive();
    throw Failure(Exit::not_permitted, refusal->cause, refusal->remedy);
  }
  const std::string page_map = "/proc/" + std::to_string(pid) + "/pagemap";
  process.page_map_ = Descriptor(::open(page_map.c_str(), O_RDONLY | O_CLOEXEC));
  return process;
}

bool Process::ended() const {
  if (pidfd_) {
    // Readable as soon as the process has ended, collected by its parent or not.
    pollfd ended{pidfd_.get(), POLLIN, 0};
    return ::poll(&ended, 1, 0) != 0;
  }
  const auto stat = read_stat(facts_.pid);
  return !stat || stat->start_ticks != facts_.start_ticks || is_dead(stat->state);
}

bool Process::replaced() const {
  // An execve changes neither pid nor start time. But an open page map belongs to the memory that
  // it was opened for, and has nothing to read when that is gone (fs/proc/task_mmu.c,
  // pagemap_read).
  std::uint64_t entry = 0;
  return page_map_ && ::pread(page_map_.get(), &entry, sizeof entry, 0) == 0;
}

bool Process::alive() const { return !ended() && !replaced(); }

void Process::require_alive() const {
  if (ended()) throw gone(facts_.pid);
  if (replaced()) {
    throw Failure(Exit::target_gone, named(facts_.pid) + " has become another program (execve)",
                  "heapglass ps");
  }
}

}  // namespace heapglass
