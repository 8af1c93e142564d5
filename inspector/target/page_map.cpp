#include "inspector/target/page_map.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

namespace heapglass {

PageMap::PageMap(pid_t pid)
    : fd_(::open(("/proc/" + std::to_string(pid) + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC)) {}

PageMap::~PageMap() {
  if (fd_ >= 0) ::close(fd_);
}

std::vector<PageState> PageMap::states(AddressRange range) const {
  // Documentation/admin-guide/mm/pagemap.rst
  constexpr std::uint64_t kPresent = std::uint64_t{1} << 63, kSwapped = std::uint64_t{1} << 62,
                          kFile = std::uint64_t{1} << 61, kExclusive = std::uint64_t{1} << 56;
  const std::size_t pages = range.size() / kPage;
  std::vector<PageState> states(pages, PageState::present);
  std::array<std::uint64_t, 8192> entries;
  for (std::size_t done = 0; done < pages;) {
    const std::size_t want = std::min(entries.size(), pages - done);
    const ssize_t got =
        ::pread(fd_, entries.data(), want * sizeof(std::uint64_t),
                static_cast<off_t>((range.begin / kPage + done) * sizeof(std::uint64_t)));
    if (got <= 0) break;
    const std::size_t count = static_cast<std::size_t>(got) / sizeof(std::uint64_t);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t entry = entries[i];
      states[done + i] = entry & kPresent   ? entry & kFile        ? PageState::file_page
                                              : entry & kExclusive ? PageState::present
                                                                   : PageState::shared
                         : entry & kSwapped ? PageState::swapped
                                            : PageState::absent;
    }
    done += count;
    if (count == 0) break;
  }
  return states;
}

}  // namespace heapglass
