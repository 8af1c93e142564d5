#include "inspector/graph/object_set.h"

#include <limits>

#include "symbols/failure.h"

namespace heapglass {

ObjectSet::ObjectSet(const Mirror& mirror) : mirror_(&mirror) {
  for (const Mirror::Segment& segment : mirror.segments()) {
    Map& map = maps_.emplace_back();
    if (segment.data == nullptr) continue;
    // Whole blocks, so that a rank never has to look whether its block is cut short.
    const std::uint64_t bits = segment.range.size() / kGrain + 1;
    const std::uint64_t blocks = (bits + kBlockBits - 1) / kBlockBits;
    map.word_count = blocks * (kBlockBits / 64);
    map.pages = Pages(map.word_count * sizeof(std::uint64_t), 0);
    map.words = reinterpret_cast<std::uint64_t*>(map.pages.data());
  }
}

void ObjectSet::number() {
  std::uint64_t members = 0;
  for (Map& map : maps_) {
    map.before.resize(map.word_count / (kBlockBits / 64));
    for (std::uint64_t w = 0; w < map.word_count; ++w) {
      if (w % (kBlockBits / 64) == 0) {
        map.before[w / (kBlockBits / 64)] = static_cast<std::uint32_t>(members);
      }
      members += static_cast<std::uint64_t>(std::popcount(map.words[w]));
    }
    if (members >= std::numeric_limits<std::uint32_t>::max()) {
      throw Failure(Exit::incomplete, "more than 4,294,967,295 objects: ids have 32 bits");
    }
  }
  size_ = members;
}

std::optional<ObjectSet::Place> ObjectSet::next(Place from) const {
  for (std::uint32_t s = from.segment; s < maps_.size(); ++s) {
    const Map& map = maps_[s];
    std::uint64_t bit = s == from.segment ? from.bit : 0;
    for (std::uint64_t w = bit / 64; w < map.word_count; ++w) {
      std::uint64_t bits = map.words[w];
      if (w == bit / 64) bits &= ~std::uint64_t{0} << (bit % 64);
      if (bits != 0) return Place{s, w * 64 + static_cast<std::uint64_t>(std::countr_zero(bits))};
    }
  }
  return std::nullopt;
}

}  // namespace heapglass
