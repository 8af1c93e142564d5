// /proc/PID/smaps_rollup, /proc/PID/statm, /sys/fs/cgroup (Documentation/admin-guide/cgroup-v2.rst,
// Documentation/accounting/psi.rst).
#include "inspector/target/memory_use.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "inspector/target/proc_text.h"
#include "inspector/target/self.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kKibi = 1024;

std::string proc_file(pid_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + '/' + name;
}

// "high 3\nmax 0\n": the sum of both.
std::uint64_t reached(std::string text) {
  std::replace(text.begin(), text.end(), ' ', ':');
  return status_number(text, "high") + status_number(text, "max");
}

}  // namespace

MemoryUse parse_smaps_rollup(std::string_view text) {
  const auto kib = [&](std::string_view name) { return status_number(text, name) * kKibi; };
  return {kib("Rss"), kib("Pss"), kib("Private_Clean") + kib("Private_Dirty"), kib("Swap")};
}

std::optional<MemoryUse> read_memory_use(pid_t pid) {
  const auto text = read_small_file(proc_file(pid, "smaps_rollup"));
  if (!text || text->empty()) return std::nullopt;
  return parse_smaps_rollup(*text);
}

double parse_stalled(std::string_view text) {
  constexpr std::string_view kBefore = "some avg10=";
  const std::size_t at = text.find(kBefore);
  if (at == text.npos) return 0;
  double value = 0;
  const char* begin = text.data() + at + kBefore.size();
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  return error == std::errc() ? value : 0;
}

std::optional<Pressure> read_pressure(pid_t pid) {
  const auto statm = read_small_file(proc_file(pid, "statm"));
  if (!statm) return std::nullopt;
  Pressure result;
  const std::size_t at = statm->find(' ');
  if (at == std::string::npos) return std::nullopt;
  std::uint64_t pages = 0;
  std::from_chars(statm->data() + at + 1, statm->data() + statm->size(), pages);
  result.rss = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::string meminfo = read_small_file("/proc/meminfo").value_or("");
  result.limit = status_number(meminfo, "MemTotal") * kKibi;
  const auto cgroup = cgroup_of(read_small_file(proc_file(pid, "cgroup")).value_or(""), "memory");
  if (!cgroup) return result;
  if (const auto limit = cgroup_limit(*cgroup)) result.limit = std::min(result.limit, *limit);
  if (const auto events = cgroup_file(*cgroup, "memory.events")) result.events = reached(*events);
  if (const auto stalled = cgroup_file(*cgroup, "memory.pressure")) {
    result.stalled_percent = parse_stalled(*stalled);
  }
  return result;
}

}  // namespace heapglass
