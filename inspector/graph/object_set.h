// Sets of object addresses as one bit per 8 bytes of the mirrored memory: to insert is to set a
// bit, and once a set is complete an object's dense id, in address order, is the number of bits
// before its own. 1/64 of the memory, and a rank look-up touches one or two cache lines where a
// hash map of the same objects would take 16 bytes each and miss as often.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "inspector/graph/heap_graph.h"
#include "inspector/target/mirror.h"

namespace heapglass {

// The mirrored memory as one row of cells of 8 bytes, numbered in address order.
using Cell = std::uint64_t;
constexpr Cell kNoCell = ~Cell{0};

class Cells {
 public:
  static constexpr std::size_t kBytes = 8;  // objects are at least so aligned
  // Segments begin at multiples of it, so that pages of the target do too.
  static constexpr Cell kBlock = 512;

  // `mirror` must outlive it and keep its segments.
  explicit Cells(const Mirror& mirror);

  Cell count() const { return count_; }
  // kNoCell: outside the mirror, left out, or not aligned.
  Cell cell(Address address) const {
    const Mirror::Segment* segment = mirror_->find(address);
    if (segment == nullptr || segment->data == nullptr || address % kBytes != 0) return kNoCell;
    return first_[mirror_->index_of(segment)] + (address - segment->range.begin) / kBytes;
  }
  // `cell` as cell() gave it.
  Address address(Cell cell) const;

 private:
  const Mirror* mirror_;
  std::vector<Cell> first_;  // by segment
  Cell count_ = 0;
};

class ObjectSet {
 public:
  explicit ObjectSet(const Cells& cells);

  bool contains(Cell cell) const { return words_[cell / 64] >> (cell % 64) & 1; }
  // True if it was not in the set yet. Of several threads at once, insert_shared().
  bool insert(Cell cell) {
    const std::uint64_t bit = std::uint64_t{1} << (cell % 64);
    if (words_[cell / 64] & bit) return false;
    words_[cell / 64] |= bit;
    return true;
  }
  bool insert_shared(Cell cell) {
    const std::uint64_t bit = std::uint64_t{1} << (cell % 64);
    const std::atomic_ref word(words_[cell / 64]);
    if (word.load(std::memory_order_relaxed) & bit) return false;
    return !(word.fetch_or(bit, std::memory_order_relaxed) & bit);
  }
  void erase(Cell cell) { words_[cell / 64] &= ~(std::uint64_t{1} << (cell % 64)); }
  void prefetch(Cell cell) const { __builtin_prefetch(&words_[cell / 64]); }

  // Gives ids from `first` on to all members; nothing is inserted or erased afterwards. Throws
  // Failure(incomplete) where an id would not fit.
  void number(std::size_t first);
  std::size_t size() const { return size_; }             // after number()
  std::size_t end_id() const { return first_ + size_; }  // likewise: behind its last member's
  // How many members lie before the cell, and `first` of number(): the member's id.
  std::uint32_t rank(Cell cell) const {
    std::uint32_t rank = before_[cell / Cells::kBlock];
    const Cell word = cell / 64;
    for (Cell w = cell / Cells::kBlock * (Cells::kBlock / 64); w < word; ++w) {
      rank += static_cast<std::uint32_t>(std::popcount(words_[w]));
    }
    const std::uint64_t below = (std::uint64_t{1} << (cell % 64)) - 1;
    return rank + static_cast<std::uint32_t>(std::popcount(words_[word] & below));
  }
  std::optional<ObjectId> id(Cell cell) const {
    if (cell == kNoCell || !contains(cell)) return std::nullopt;
    return ObjectId{rank(cell)};
  }

  // The first member in [from, to), or kNoCell.
  Cell next(Cell from, Cell to) const {
    for (Cell w = from / 64; w * 64 < to; ++w) {
      std::uint64_t bits = words_[w];
      if (w == from / 64) bits &= ~std::uint64_t{0} << (from % 64);
      if (bits == 0) continue;
      const Cell cell = w * 64 + static_cast<Cell>(std::countr_zero(bits));
      return cell < to ? cell : kNoCell;
    }
    return kNoCell;
  }

 private:
  Pages pages_;
  std::uint64_t* words_ = nullptr;
  Cell cells_ = 0;
  std::vector<std::uint32_t> before_;  // by block of cells
  std::size_t first_ = 0, size_ = 0;
};

}  // namespace heapglass
