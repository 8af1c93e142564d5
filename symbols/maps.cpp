// Parses the text of /proc/PID/maps by hand: a process may have 65,000 mappings, and `ps` reads
// this file of every process.
#include "symbols/maps.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "symbols/failure.h"

namespace heapglass {
namespace {

constexpr std::string_view kDeleted = " (deleted)";
// More text than 2^20 mappings with long names; a target cannot make us read for ever.
constexpr std::size_t kMaxText = std::size_t{512} << 20;

// Takes a number off the front of `text`; false for none, or one that does not fit.
template <class T>
bool take_number(std::string_view& text, int base, T& value) {
  const char* begin = text.data();
  const auto [end, error] = std::from_chars(begin, begin + text.size(), value, base);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - begin));
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// One of the four letters of the permissions: `set`, or `unset`.
bool take_flag(std::string_view& text, char set, char unset, bool& flag) {
  if (text.empty() || (text.front() != set && text.front() != unset)) return false;
  flag = text.front() == set;
  text.remove_prefix(1);
  return true;
}

// The kernel escapes only the newline (fs/proc/task_mmu.c, show_map_vma: seq_path with "\n"), and
// not the backslash: any other escape belongs to the name.
std::string unescape(std::string_view name) {
  constexpr std::string_view kNewline = "\\012";
  std::string result;
  result.reserve(name.size());
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t next = name.find(kNewline, at);
    result.append(name.substr(at, next == name.npos ? name.npos : next - at));
    if (next == name.npos) break;
    result.push_back('\n');
    at = next + kNewline.size();
  }
  return result;
}

std::optional<Mapping> parse_line(std::string_view line) {
  Mapping m;
  bool fields = take_number(line, 16, m.range.begin) && take(line, '-') &&
                take_number(line, 16, m.range.end) && take(line, ' ') &&
                take_flag(line, 'r', '-', m.readable) && take_flag(line, 'w', '-', m.writable) &&
                take_flag(line, 'x', '-', m.executable) && take_flag(line, 's', 'p', m.shared) &&
                take(line, ' ') && take_number(line, 16, m.offset) && take(line, ' ') &&
                take_number(line, 16, m.device_major) && take(line, ':') &&
                take_number(line, 16, m.device_minor) && take(line, ' ') &&
                take_number(line, 10, m.inode);
  if (!fields || m.range.begin >= m.range.end) return std::nullopt;
  if (!line.empty() && !take(line, ' ')) return std::nullopt;
  while (take(line, ' ')) {
  }
  if (line.ends_with(kDeleted)) {
    line.remove_suffix(kDeleted.size());
    m.deleted = true;
  }
  m.path = unescape(line);
  return m;
}

bool in_order(const std::vector<Mapping>& maps) {
  return std::adjacent_find(maps.begin(), maps.end(), [](const Mapping& a, const Mapping& b) {
           return b.range.begin < a.range.end;
         }) == maps.end();
}

// Of mappings that overlap, the one that begins first stays.
void put_in_order(std::vector<Mapping>& maps) {
  std::stable_sort(maps.begin(), maps.end(), [](const Mapping& a, const Mapping& b) {
    return a.range.begin < b.range.begin;
  });
  Address end = 0;
  std::erase_if(maps, [&](const Mapping& m) {
    if (m.range.begin < end) return true;
    end = m.range.end;
    return false;
  });
}

[[noreturn]] void throw_unreadable(pid_t pid, int error) {
  const std::string number = std::to_string(pid);
  if (error == EACCES || error == EPERM)
    throw Failure(Exit::not_permitted, "the memory map of process " + number + " may not be read",
                  "sudo heapglass doctor " + number);
  if (error == ENOENT || error == ESRCH)
    throw Failure(Exit::target_gone, "there is no process " + number, "heapglass ps");
  throw Failure(Exit::target_gone,
                "the memory map of process " + number + " cannot be read: " + std::strerror(error));
}

}  // namespace

std::vector<Mapping> parse_maps(std::string_view text) {
  std::vector<Mapping> maps;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (auto mapping = parse_line(text.substr(0, end))) maps.push_back(std::move(*mapping));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!in_order(maps)) put_in_order(maps);
  return maps;
}

std::vector<Mapping> read_maps(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/maps";
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw_unreadable(pid, errno);
  std::string text;
  std::size_t used = 0;
  ssize_t got = 0;
  int error = 0;
  do {
    if (text.size() - used < 65536) text.resize(text.size() * 2 + 65536);
    got = read(fd, text.data() + used, text.size() - used);
    if (got < 0) error = errno;
    if (got > 0) used += static_cast<std::size_t>(got);
  } while ((got > 0 || (got < 0 && error == EINTR)) && used < kMaxText);
  close(fd);
  if (got < 0) throw_unreadable(pid, error);
  return parse_maps(std::string_view(text).substr(0, used));
}

}  // namespace heapglass
