// What every long piece of work is handed: when to stop, whom to tell, how much it may use.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace heapglass {

struct Run {
  // Set from a signal handler: 0, or the signal that asks for the end. Long loops look at it.
  const std::atomic<int>* interrupted = nullptr;
  // Told now and then; fraction in [0, 1], or negative where the end is not known.
  std::function<void(std::string_view phase, double fraction)> progress;
  // Told what the user must know before it happens, a sentence.
  std::function<void(const std::string& what)> remark;
  // Longest time the target may be stopped; bytes that the inspector may use for itself (0: half of
  // what is free where it runs).
  std::chrono::nanoseconds max_pause = std::chrono::seconds(1);
  std::uint64_t max_memory = 0;

  bool stopping() const { return interrupted != nullptr && interrupted->load() != 0; }
  void report(std::string_view phase, double fraction) const {
    if (progress) progress(phase, fraction);
  }
  void tell(const std::string& what) const {
    if (remark) remark(what);
  }
};

// Thrown where a loop saw Run::stopping(); main turns it into exit 128 + signal.
struct Interrupted {
  int signal = 0;
};

}  // namespace heapglass
