#include "inspector/graph/object_set.h"

#include <algorithm>
#include <limits>

#include "symbols/failure.h"

namespace heapglass {

Cells::Cells(const Mirror& mirror) : mirror_(&mirror) {
  for (const Mirror::Segment& segment : mirror.segments()) {
    first_.push_back(count_);
    if (segment.data == nullptr) continue;
    const Cell cells = (segment.range.size() + kBytes - 1) / kBytes;
    count_ += (cells + kBlock - 1) / kBlock * kBlock;
  }
}

Address Cells::address(Cell cell) const {
  const auto after = std::upper_bound(first_.begin(), first_.end(), cell);
  const auto segment = static_cast<std::size_t>(after - first_.begin()) - 1;
  return mirror_->segments()[segment].range.begin + (cell - first_[segment]) * kBytes;
}

ObjectSet::ObjectSet(const Cells& cells)
    : pages_(cells.count() / 64 * sizeof(std::uint64_t), 0),
      words_(reinterpret_cast<std::uint64_t*>(pages_.data())),
      cells_(cells.count()) {
  pages_.make_huge();
}

void ObjectSet::number(std::size_t first) {
  constexpr Cell kWords = Cells::kBlock / 64;
  std::size_t id = first;
  before_.resize(cells_ / Cells::kBlock);
  for (Cell block = 0; block < before_.size(); ++block) {
    before_[block] = static_cast<std::uint32_t>(id);
    for (Cell w = block * kWords; w < (block + 1) * kWords; ++w) {
      id += static_cast<std::size_t>(std::popcount(words_[w]));
    }
    if (id >= std::numeric_limits<std::uint32_t>::max()) {
      throw Failure(Exit::incomplete, "more than 4,294,967,295 objects: ids have 32 bits");
    }
  }
  first_ = first;
  size_ = id - first;
}

}  // namespace heapglass
