// Which pages of a process are there (/proc/PID/pagemap). Reading a page that is not would make the
// kernel map one into the target; the target's memory must not change by being looked at.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "symbols/address.h"

namespace heapglass {

inline constexpr std::uint64_t kPage = 4096;

enum class PageState : std::uint8_t {
  absent,  // never touched: zeros, or what the mapped file has
  present,
  shared,     // present, and another process's too: what a fork left
  file_page,  // present and the file's own, unmodified
  swapped     // can be read, at the cost of the target swapping it in
};

// Whether it is to be read from the process, being neither a file's own nor nothing.
inline bool in_process(PageState state) {
  return state == PageState::present || state == PageState::shared || state == PageState::swapped;
}

class PageMap {
 public:
  explicit PageMap(pid_t pid);
  ~PageMap();
  PageMap(const PageMap&) = delete;
  PageMap& operator=(const PageMap&) = delete;

  // Whether the kernel lets it be asked.
  explicit operator bool() const { return fd_ >= 0; }

  // One entry a page of `range`, which is page-aligned. Where the kernel tells nothing (no
  // permission), every page counts as present.
  std::vector<PageState> states(AddressRange range) const;

 private:
  int fd_;
};

// Neighbouring pages in one range, of those for which `wanted` holds.
template <class Wanted>
std::vector<AddressRange> page_runs(AddressRange range, const std::vector<PageState>& states,
                                    Wanted wanted) {
  std::vector<AddressRange> runs;
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (!wanted(states[i])) continue;
    const Address begin = range.begin + i * kPage;
    if (!runs.empty() && runs.back().end == begin) {
      runs.back().end += kPage;
    } else {
      runs.push_back({begin, begin + kPage});
    }
  }
  return runs;
}

}  // namespace heapglass
