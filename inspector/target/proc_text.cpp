#include "inspector/target/proc_text.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

namespace heapglass {

namespace {

constexpr std::string_view kBlanks = " \t\n";

template <class Number>
std::optional<Number> number(std::string_view text, int base = 10) {
  Number result{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return result;
}

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

std::optional<std::string> read_small_file(const std::string& path, std::size_t limit) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  std::string result;
  std::array<char, 4096> chunk;
  ssize_t got = 0;
  while (result.size() < limit) {
    got = ::read(fd, chunk.data(), std::min(chunk.size(), limit - result.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    result.append(chunk.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  if (got < 0) return std::nullopt;  // a process that ended between open and read: ESRCH
  return result;
}

std::optional<StatLine> parse_stat(std::string_view text) {
  // comm may hold ')' and blanks, but nothing behind it does: it ends at the last ')'.
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  StatLine line;
  line.comm = text.substr(open + 1, close - open - 1);
  std::string_view rest = text.substr(close + 1);
  constexpr int kState = 3, kParent = 4, kFlags = 9, kStart = 22;  // proc(5) counts from 1
  for (int field = kState; field <= kStart; ++field) {
    const std::string_view word = take_word(rest);
    if (word.empty()) return std::nullopt;
    if (field == kState) {
      line.state = word.front();
    } else if (field == kParent) {
      line.parent = number<pid_t>(word).value_or(0);
    } else if (field == kFlags) {
      line.flags = number<std::uint32_t>(word).value_or(0);
    } else if (field == kStart) {
      const auto start = number<std::uint64_t>(word);
      if (!start) return std::nullopt;
      line.start_ticks = *start;
    }
  }
  return line;
}

std::optional<StatLine> read_stat(pid_t pid) {
  const auto text = read_small_file("/proc/" + std::to_string(pid) + "/stat");
  return text ? parse_stat(*text) : std::nullopt;
}

std::string_view status_value(std::string_view status, std::string_view name) {
  for (std::size_t at = 0; at < status.size();) {
    const std::size_t end = std::min(status.find('\n', at), status.size());
    std::string_view line = status.substr(at, end - at);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      line.remove_prefix(name.size() + 1);
      line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
      return line.substr(0, line.find_last_not_of(kBlanks) + 1);
    }
    at = end + 1;
  }
  return {};
}

std::vector<std::uint64_t> status_numbers(std::string_view status, std::string_view name,
                                          int base) {
  std::vector<std::uint64_t> result;
  std::string_view rest = status_value(status, name);
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    if (const auto value = number<std::uint64_t>(word, base)) result.push_back(*value);
  }
  return result;
}

std::uint64_t status_number(std::string_view status, std::string_view name, int base,
                            std::size_t position) {
  const auto numbers = status_numbers(status, name, base);
  return position < numbers.size() ? numbers[position] : 0;
}

std::string join_arguments(std::string_view cmdline) {
  while (cmdline.ends_with('\0')) cmdline.remove_suffix(1);
  std::string result(cmdline);
  std::replace(result.begin(), result.end(), '\0', ' ');
  return result;
}

std::vector<pid_t> numbered_entries(const std::string& directory) {
  struct Close {
    void operator()(DIR* d) const { ::closedir(d); }
  };
  std::vector<pid_t> result;
  const std::unique_ptr<DIR, Close> handle(::opendir(directory.c_str()));
  if (!handle) return result;
  while (const dirent* entry = ::readdir(handle.get())) {
    if (const auto pid = number<pid_t>(entry->d_name); pid && *pid > 0) result.push_back(*pid);
  }
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace heapglass
