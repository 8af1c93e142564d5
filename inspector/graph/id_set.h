// A set of objects of a graph: one bit an object, so that the sets that an analysis asks at random
// stay in the processor's cache.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

class IdSet {
 public:
  static constexpr std::size_t kWord = 64;  // objects a word

  IdSet() = default;
  explicit IdSet(std::size_t objects) : words_((objects + kWord - 1) / kWord) {}

  bool has(std::size_t i) const { return words_[i / kWord] >> (i % kWord) & 1; }
  bool has(ObjectId id) const { return has(index(id)); }
  void insert(std::size_t i) { words_[i / kWord] |= bit(i); }
  void erase(std::size_t i) { words_[i / kWord] &= ~bit(i); }
  // While other threads insert too.
  void insert_shared(std::size_t i) {
    const std::atomic_ref word(words_[i / kWord]);
    if (!(word.load(std::memory_order_relaxed) & bit(i))) {
      word.fetch_or(bit(i), std::memory_order_relaxed);
    }
  }
  std::size_t count() const {
    std::size_t sum = 0;
    for (const std::uint64_t word : words_) sum += static_cast<std::size_t>(std::popcount(word));
    return sum;
  }

  // 64 objects at a time: bit b of word w is object 64 w + b.
  std::size_t words() const { return words_.size(); }
  std::uint64_t& word(std::size_t w) { return words_[w]; }
  std::uint64_t word(std::size_t w) const { return words_[w]; }

  // take(i) for each member, ascending, of words [begin, end).
  template <class Take>
  void for_each(std::size_t begin, std::size_t end, Take take) const {
    for (std::size_t w = begin; w < end; ++w) {
      for (std::uint64_t bits = words_[w]; bits != 0; bits &= bits - 1) {
        take(w * kWord + static_cast<std::size_t>(std::countr_zero(bits)));
      }
    }
  }
  template <class Take>
  void for_each(Take take) const {
    for_each(0, words_.size(), take);
  }

 private:
  static std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << (i % kWord); }
  std::vector<std::uint64_t> words_;
};

}  // namespace heapglass
