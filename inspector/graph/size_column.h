// Bytes by object id in 32 bits each: a column is written once and read often, and to touch fresh
// memory is what a walk spends most time on. The few objects of 4 GiB and more stand beside it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include "inspector/graph/big_vector.h"

namespace heapglass {

class SizeColumn {
 public:
  SizeColumn() = default;
  SizeColumn(std::initializer_list<std::uint64_t> sizes) {
    for (const std::uint64_t size : sizes) push_back(size);
  }

  std::size_t size() const { return small_.size(); }
  std::size_t capacity() const { return small_.capacity(); }
  void reserve(std::size_t n) { small_.reserve(n); }
  void resize(std::size_t n) { small_.resize(n); }  // what it grows by has to be put

  std::uint64_t operator[](std::size_t i) const {
    return small_[i] != kLarge ? small_[i] : large(i);
  }
  // Several threads may put different ids. False: too large, put_large() has to take it.
  bool put(std::size_t i, std::uint64_t size) {
    small_[i] = static_cast<std::uint32_t>(std::min<std::uint64_t>(size, kLarge));
    return size < kLarge;
  }
  void put_large(std::size_t i, std::uint64_t size) {
    const std::pair<std::size_t, std::uint64_t> entry(i, size);
    large_.insert(std::upper_bound(large_.begin(), large_.end(), entry), entry);
  }
  void push_back(std::uint64_t size) {
    small_.push_back(0);
    if (!put(small_.size() - 1, size)) put_large(small_.size() - 1, size);
  }

 private:
  static constexpr std::uint32_t kLarge = std::numeric_limits<std::uint32_t>::max();

  std::uint64_t large(std::size_t i) const {
    return std::lower_bound(large_.begin(), large_.end(), std::pair(i, std::uint64_t{0}))->second;
  }

  BigVector<std::uint32_t> small_;
  std::vector<std::pair<std::size_t, std::uint64_t>> large_;  // by id
};

}  // namespace heapglass
