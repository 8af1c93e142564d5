#include "inspector/target/self.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "inspector/target/proc_text.h"

namespace heapglass {

namespace {

const std::string kMounts = "/sys/fs/cgroup";
constexpr std::uint64_t kKibi = 1024;
// Version 1 writes "no limit" as the largest multiple of a page.
constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 62;

std::optional<std::uint64_t> read_number(const std::string& path) {
  const auto text = read_small_file(path);
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc()) return std::nullopt;  // "max"
  return value;
}

// "name value\n" of memory.stat.
std::uint64_t stat_entry(const std::string& path, std::string_view name) {
  std::string text = read_small_file(path).value_or("");
  std::replace(text.begin(), text.end(), ' ', ':');
  return status_number(text, name);
}

// Where the files of version 1's controller, or of version 2, lie.
std::string hierarchy(const Cgroup& cgroup, const std::string& controller,
                      const std::string& mounts) {
  if (cgroup.v1) return mounts + '/' + controller;
  const bool hybrid = ::access((mounts + "/unified").c_str(), F_OK) == 0;
  return hybrid ? mounts + "/unified" : mounts;
}

std::optional<std::uint64_t> limit_of(const std::string& directory, bool v1) {
  const auto limit = read_number(directory + (v1 ? "/memory.limit_in_bytes" : "/memory.max"));
  return limit && *limit < kUnlimited ? limit : std::nullopt;
}

std::optional<std::uint64_t> headroom_of(const std::string& directory, bool v1) {
  const auto limit = limit_of(directory, v1);
  if (!limit) return std::nullopt;
  const std::uint64_t used =
      read_number(directory + (v1 ? "/memory.usage_in_bytes" : "/memory.current")).value_or(0);
  const std::uint64_t droppable =
      stat_entry(directory + "/memory.stat", v1 ? "total_inactive_file" : "inactive_file");
  const std::uint64_t held = used - std::min(used, droppable);
  return *limit - std::min(*limit, held);
}

std::optional<std::uint64_t> pids_left(const std::string& directory, bool) {
  const auto limit = read_number(directory + "/pids.max");
  if (!limit) return std::nullopt;
  return *limit - std::min(*limit, read_number(directory + "/pids.current").value_or(0));
}

// Below a mount's top. Seen from inside a cgroup namespace, or with another's mount, the path may
// not exist below our mount; what is mounted at the top then is our own cgroup.
std::string path_below(const Cgroup& cgroup) {
  return cgroup.path.find("..") == std::string::npos ? cgroup.path : std::string();
}

// The least that `of(directory, v1)` gives for the cgroup and those above it.
template <class Of>
std::optional<std::uint64_t> least_upwards(const Cgroup& cgroup, const std::string& top, Of of) {
  std::string path = path_below(cgroup);
  std::optional<std::uint64_t> result;
  while (true) {
    while (path.ends_with('/')) path.pop_back();
    if (const auto found = of(top + path, cgroup.v1)) {
      result = std::min(result.value_or(*found), *found);
    }
    if (path.empty()) return result;
    path.erase(std::min(path.rfind('/'), path.size()));
  }
}

std::string cgroups_of(const std::string& pid) {
  return read_small_file("/proc/" + pid + "/cgroup").value_or("");
}

std::uint64_t free_memory(const std::string& pid) {
  const std::string meminfo = read_small_file("/proc/meminfo").value_or("");
  const std::uint64_t available = status_number(meminfo, "MemAvailable") * kKibi;
  const auto cgroup = cgroup_of(cgroups_of(pid), "memory");
  const auto room = cgroup ? memory_headroom(*cgroup, kMounts) : std::nullopt;
  return room ? std::min(available, *room) : available;
}

}  // namespace

void offer_ourselves_to_the_oom_killer() {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  constexpr std::string_view kFirst = "1000";
  // Where it is refused nothing is lost but the offer.
  [[maybe_unused]] const ssize_t written = ::write(fd, kFirst.data(), kFirst.size());
  ::close(fd);
}

std::optional<Cgroup> cgroup_of(std::string_view text, std::string_view controller) {
  // "4:memory:/path", "0::/path"
  const std::string wanted = "," + std::string(controller) + ",";
  std::optional<Cgroup> result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string controllers =
        "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
    const std::string path(line.substr(second + 1));
    if (controllers.find(wanted) != std::string::npos) return Cgroup{true, path};
    if (line.substr(0, first) == "0") result = Cgroup{false, path};
  }
  return result;
}

std::string common_path(std::string_view a, std::string_view b) {
  std::size_t common = 0;  // end of the last whole component that both have
  for (std::size_t i = 0;; ++i) {
    const bool a_ends = i >= a.size() || a[i] == '/';
    const bool b_ends = i >= b.size() || b[i] == '/';
    if (a_ends && b_ends) common = std::min({i, a.size(), b.size()});
    if (i >= a.size() || i >= b.size() || a[i] != b[i]) break;
  }
  return std::string(a.substr(0, common));
}

std::optional<std::uint64_t> memory_headroom(const Cgroup& cgroup, const std::string& mounts) {
  return least_upwards(cgroup, hierarchy(cgroup, "memory", mounts), headroom_of);
}

std::optional<std::uint64_t> cgroup_limit(const Cgroup& cgroup) {
  return least_upwards(cgroup, hierarchy(cgroup, "memory", kMounts), limit_of);
}

std::optional<std::string> cgroup_file(const Cgroup& cgroup, const std::string& name) {
  return read_small_file(hierarchy(cgroup, "memory", kMounts) + path_below(cgroup) + '/' + name);
}

std::optional<std::uint64_t> pids_headroom(const Cgroup& cgroup, const std::string& mounts) {
  return least_upwards(cgroup, hierarchy(cgroup, "pids", mounts), pids_left);
}

std::uint64_t free_memory_here() { return free_memory("self"); }

std::uint64_t free_memory_of(pid_t pid) { return free_memory(std::to_string(pid)); }

std::optional<std::uint64_t> free_pids_of(pid_t pid) {
  const auto cgroup = cgroup_of(cgroups_of(std::to_string(pid)), "pids");
  return cgroup ? pids_headroom(*cgroup, kMounts) : std::nullopt;
}

bool shares_cgroup(pid_t pid) {
  const auto own = cgroup_of(cgroups_of("self"), "memory");
  const auto its = cgroup_of(cgroups_of(std::to_string(pid)), "memory");
  if (!own || !its || own->v1 != its->v1) return false;
  return memory_headroom({own->v1, common_path(own->path, its->path)}, kMounts).has_value();
}

}  // namespace heapglass
