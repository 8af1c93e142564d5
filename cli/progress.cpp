// "\r", the text, "\033[K".
#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <string>

namespace heapglass {
namespace {

// Straight to the descriptor; a terminal that went away is no reason to end.
void print(const std::string& text) {
  const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
  static_cast<void>(ignored);
}

}  // namespace

Progress::Progress(bool quiet) : enabled_(!quiet && ::isatty(STDERR_FILENO) == 1) {}

void Progress::report(std::string_view phase, double fraction) {
  if (!enabled_) return;
  const Clock::time_point now = Clock::now();
  const std::lock_guard lock(mutex_);
  if (now - start_ < std::chrono::seconds(1)) return;
  if (now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  std::string line = "\r";
  line += phase;
  if (fraction >= 0) {
    line += ' ' + std::to_string(static_cast<int>(std::min(fraction, 1.0) * 100)) + " %";
  }
  print(line + "\033[K");
  shown_ = true;
}

void Progress::clear() {
  const std::lock_guard lock(mutex_);
  if (shown_) print("\r\033[K");
  shown_ = false;
}

}  // namespace heapglass
