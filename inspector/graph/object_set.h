// A set of object addresses as one bit per 8 bytes of the mirrored memory: to insert is to set a
// bit, and once the set is complete an object's dense id, in address order, is the number of bits
// before its own. 1/64 of the memory, and a rank look-up touches two cache lines where a hash map
// of the same objects would take 16 bytes each and miss as often.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "inspector/graph/heap_graph.h"
#include "inspector/target/mirror.h"

namespace heapglass {

class ObjectSet {
 public:
  static constexpr std::size_t kGrain = 8;  // objects are at least so aligned

  // Where an address lies: segment of the mirror, bit in its map.
  struct Place {
    std::uint32_t segment = 0;
    std::uint64_t bit = 0;
    bool operator<(const Place& other) const {
      return segment != other.segment ? segment < other.segment : bit < other.bit;
    }
  };

  // `mirror` must outlive the set and keep its segments.
  explicit ObjectSet(const Mirror& mirror);

  // nullopt: outside the mirror, left out, or not aligned.
  std::optional<Place> place(Address address) const {
    const Mirror::Segment* segment = mirror_->find(address);
    if (segment == nullptr || segment->data == nullptr || address % kGrain != 0) {
      return std::nullopt;
    }
    return Place{static_cast<std::uint32_t>(mirror_->index_of(segment)),
                 (address - segment->range.begin) / kGrain};
  }
  bool contains(Place place) const { return word(place) >> (place.bit % 64) & 1; }
  // True if it was not in the set yet.
  bool insert(Place place) {
    std::uint64_t& bits = word(place);
    const std::uint64_t bit = std::uint64_t{1} << (place.bit % 64);
    if (bits & bit) return false;
    bits |= bit;
    return true;
  }
  void erase(Place place) { word(place) &= ~(std::uint64_t{1} << (place.bit % 64)); }

  // Gives ids to all members; nothing is inserted or erased afterwards. Throws Failure(incomplete)
  // above 2^32 - 1 objects.
  void number();
  std::size_t size() const { return size_; }  // after number()
  std::optional<ObjectId> id(Address address) const {
    const auto where = place(address);
    if (!where || !contains(*where)) return std::nullopt;
    const Map& map = maps_[where->segment];
    const std::uint64_t block = where->bit / kBlockBits;
    std::uint32_t rank = map.before[block];
    for (std::uint64_t w = block * (kBlockBits / 64); w < where->bit / 64; ++w) {
      rank += static_cast<std::uint32_t>(std::popcount(map.words[w]));
    }
    const std::uint64_t below = (std::uint64_t{1} << (where->bit % 64)) - 1;
    rank += static_cast<std::uint32_t>(std::popcount(map.words[where->bit / 64] & below));
    return ObjectId{rank};
  }

  // Of 64 bits each, over all segments: what a sweep has to look at.
  std::uint64_t words() const {
    std::uint64_t words = 0;
    for (const Map& map : maps_) words += map.word_count;
    return words;
  }
  // The first member at or after `from`, in address order.
  std::optional<Place> next(Place from) const;
  Address address(Place place) const {
    return mirror_->segments()[place.segment].range.begin + place.bit * kGrain;
  }

 private:
  static constexpr std::uint64_t kBlockBits = 512;  // one cache line of bits per counter

  struct Map {
    Pages pages;
    std::uint64_t* words = nullptr;
    std::uint64_t word_count = 0;
    std::vector<std::uint32_t> before;  // members before each block, over all segments
  };

  std::uint64_t& word(Place place) { return maps_[place.segment].words[place.bit / 64]; }
  const std::uint64_t& word(Place place) const {
    return maps_[place.segment].words[place.bit / 64];
  }

  const Mirror* mirror_;
  std::vector<Map> maps_;  // by segment
  std::size_t size_ = 0;
};

}  // namespace heapglass
