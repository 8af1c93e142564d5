// One line on stderr that is rewritten while something takes long, and gone at the end.
#pragma once

#include <chrono>
#include <mutex>
#include <string_view>

namespace heapglass {

class Progress {
 public:
  // Silent unless stderr is a terminal.
  explicit Progress(bool quiet);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // What Run::progress calls, from any thread. Shows nothing in the first second, and not more than
  // ten lines a second. A negative fraction: the end is not known.
  void report(std::string_view phase, double fraction);
  // Takes the line away; before anything else is printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::mutex mutex_;
  const bool enabled_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point last_;
  bool shown_ = false;
};

}  // namespace heapglass
