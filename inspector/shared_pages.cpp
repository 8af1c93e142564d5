#include "inspector/shared_pages.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "inspector/target/page_map.h"
#include "symbols/descriptor.h"

namespace heapglass {

namespace {

// Entries of the page map, read a few hundred at a time: objects come in address order.
class PageEntries {
 public:
  explicit PageEntries(pid_t pid)
      : file_(::open(("/proc/" + std::to_string(pid) + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC)),
        entries_(kAhead) {}

  // 0: not told.
  std::uint64_t of(Address address) {
    const std::uint64_t page = address / kPage;
    if (page < first_ || page - first_ >= known_) read_from(page);
    return page - first_ < known_ ? entries_[page - first_] : 0;
  }

 private:
  static constexpr std::size_t kAhead = 512;

  void read_from(std::uint64_t page) {
    first_ = page;
    const ssize_t got = ::pread(file_.get(), entries_.data(), kAhead * sizeof(std::uint64_t),
                                static_cast<off_t>(page * sizeof(std::uint64_t)));
    known_ = got > 0 ? static_cast<std::size_t>(got) / sizeof(std::uint64_t) : 0;
  }

  Descriptor file_;
  std::vector<std::uint64_t> entries_;
  std::uint64_t first_ = 0;
  std::size_t known_ = 0;
};

}  // namespace

std::optional<std::vector<bool>> on_shared_pages(pid_t pid, const HeapGraph& graph) {
  constexpr std::uint64_t kPresent = std::uint64_t{1} << 63, kExclusive = std::uint64_t{1} << 56;
  PageEntries entries(pid);
  std::vector<bool> shared(graph.size());
  bool told = graph.size() == 0;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const std::uint64_t entry = entries.of(graph.address[i]);
    told = told || (entry & kPresent) != 0;
    shared[i] = (entry & kPresent) != 0 && (entry & kExclusive) == 0;
  }
  if (!told) return std::nullopt;
  return shared;
}

}  // namespace heapglass
