// The small text files of /proc/PID, taken apart. What a process can write into them (its name, its
// arguments) is untrusted; the fields around it are the kernel's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heapglass {

// The whole file, at most `limit` bytes of it; nullopt where it cannot be opened or read.
std::optional<std::string> read_small_file(const std::string& path, std::size_t limit = 65536);

// Of /proc/PID/stat (proc(5)), the fields that somebody asks for.
struct StatLine {
  std::string comm;  // without its parentheses; may hold any byte, parentheses and blanks included
  char state = '?';
  pid_t parent = 0;
  std::uint32_t flags = 0;  // PF_*; see kKernelThread
  std::uint64_t start_ticks = 0;
};
inline constexpr std::uint32_t kKernelThread = 0x00200000;  // PF_KTHREAD, linux/sched.h

// nullopt: not such a line.
std::optional<StatLine> parse_stat(std::string_view text);
// Of a process, or of one of its threads by its tid.
std::optional<StatLine> read_stat(pid_t pid);

// "Name:\t<value>\n" of /proc/PID/status, without the blanks around it; empty if there is none.
std::string_view status_value(std::string_view status, std::string_view name);
// Its numbers, split at blanks; those that are no numbers are left out.
std::vector<std::uint64_t> status_numbers(std::string_view status, std::string_view name,
                                          int base = 10);
// The one at `position`, or 0.
std::uint64_t status_number(std::string_view status, std::string_view name, int base = 10,
                            std::size_t position = 0);

// argv as /proc/PID/cmdline has it, joined by blanks.
std::string join_arguments(std::string_view cmdline);

// Decimal names of a directory as numbers, ascending: /proc, /proc/PID/task.
std::vector<pid_t> numbered_entries(const std::string& directory);

}  // namespace heapglass
