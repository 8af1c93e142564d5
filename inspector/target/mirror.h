// The target's address space, mirrored: for each range of the target a buffer of ours, so that an
// address becomes a pointer by one look-up and an object that spans pages is contiguous.
//
// A mirror over a live source loads blocks as they are asked for (and knows afterwards which were:
// that is the choice of pages). A copied, recorded or fake one has everything loaded, or knows
// which ranges were left out on purpose.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "symbols/memory.h"

namespace heapglass {

// Our own pages: reserved without commitment, returned on destruction.
class Pages {
 public:
  Pages() = default;
  // `size` bytes of zeros, congruent to `like` modulo 2 MiB so that huge pages line up.
  // Throws std::bad_alloc.
  Pages(std::size_t size, Address like);
  ~Pages();
  Pages(Pages&& other) noexcept;
  Pages& operator=(Pages&& other) noexcept;

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  // Asks for huge pages, for what will be touched all over.
  void make_huge();

 private:
  void* base_ = nullptr;
  std::size_t reserved_ = 0;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

class Mirror final : public Memory {
 public:
  static constexpr std::size_t kBlock = std::size_t{16} << 10;  // unit of lazy loading

  struct Segment {
    AddressRange range;
    std::byte* data = nullptr;          // null: left out
    std::vector<std::uint64_t> loaded;  // lazy: a bit per block; empty: all is loaded
    Pages pages;                        // owner of data

    // Of block `block`; a segment that is not lazy has all of them.
    bool is_loaded(std::size_t block) const {
      if (loaded.empty()) return true;
      const std::atomic_ref word(const_cast<std::uint64_t&>(loaded[block / 64]));
      return word.load(std::memory_order_acquire) >> (block % 64) & 1;
    }
  };

  // Whole and zeroed; to be filled through `data`. With room behind it, should the target's range
  // grow before it is copied: whoever extends `range` keeps within pages.size(). Throws
  // std::bad_alloc.
  static Segment whole(AddressRange range, std::size_t room = 0);
  // Loaded block by block from the mirror's source when looked at. Throws std::bad_alloc.
  static Segment lazy(AddressRange range);
  // Known to exist, not there.
  static Segment left_out(AddressRange range) { return Segment{range, nullptr, {}, {}}; }

  Mirror() = default;
  // Segments in any order; one that overlaps an earlier one by address is dropped. A mirror with
  // lazy segments needs `source`, which must outlive it.
  explicit Mirror(std::vector<Segment> segments, Memory* source = nullptr);

  // The bytes at [address, address + size), or null: outside every segment, across the end of one,
  // unreadable, or left out. Valid as long as the mirror. Several threads may look at once.
  const std::byte* at(Address address, std::size_t size) {
    Segment* segment = find(address);
    if (segment == nullptr) return nullptr;
    const std::uint64_t offset = address - segment->range.begin;
    if (size > segment->range.size() - offset) return nullptr;
    if (segment->data == nullptr) return nullptr;
    if (!segment->loaded.empty() && !load(*segment, offset, size)) return nullptr;
    return segment->data + offset;
  }

  // How many bytes without a gap lie at and after `address`, over neighbouring segments, left-out
  // ones too: a buffer's head may be there and its tail left out. 0 outside. Lengths read from the
  // target are clamped to this before they are used; at() may still be null.
  std::uint64_t room(Address address) const {
    const Segment* segment = find(address);
    return segment == nullptr ? 0 : reach_[index_of(segment)] - address;
  }

  template <class T>
  const T* view(Address address) {
    return reinterpret_cast<const T*>(at(address, sizeof(T)));
  }

  using Memory::read;
  void read(std::span<ReadRequest> requests) override;

  // The segment that holds `address`, or null.
  Segment* find(Address address) {
    return const_cast<Segment*>(std::as_const(*this).find(address));
  }
  const Segment* find(Address address) const {
    if (address >> kAddressBits) return nullptr;
    const auto* leaf = directory_.empty() ? nullptr : directory_[address >> kLeafShift].get();
    if (leaf == nullptr) return nullptr;
    for (std::size_t s = (*leaf)[(address >> kChunkShift) & (kLeafSize - 1)]; s < segments_.size();
         ++s) {
      if (segments_[s].range.begin > address) return nullptr;
      if (address < segments_[s].range.end) return &segments_[s];
    }
    return nullptr;
  }
  // Position of a segment in segments(): what side tables are indexed by.
  std::size_t index_of(const Segment* segment) const {
    return static_cast<std::size_t>(segment - segments_.data());
  }

  std::span<Segment> segments() { return segments_; }
  std::span<const Segment> segments() const { return segments_; }
  // Blocks that the source could not give: of a live target, most likely since it has ended.
  std::uint64_t unread_blocks() const { return unread_blocks_; }
  std::uint64_t bytes_loaded() const { return bytes_loaded_; }

 private:
  // 2^20-byte chunks; a leaf of the directory covers 2^33 bytes, 2^14 leaves the user half.
  static constexpr int kAddressBits = 47;
  static constexpr int kChunkShift = 20;
  static constexpr int kLeafShift = 33;
  static constexpr std::size_t kLeafSize = std::size_t{1} << (kLeafShift - kChunkShift);
  using Leaf =
      std::array<std::uint32_t, kLeafSize>;  // first segment that ends after the chunk begins

  bool load(Segment& segment, std::uint64_t offset, std::size_t size);

  std::vector<Segment> segments_;
  std::vector<Address> reach_;  // by segment: where the run of neighbours that it is part of ends
  std::vector<std::unique_ptr<Leaf>> directory_;
  Memory* source_ = nullptr;
  std::unique_ptr<std::mutex> loading_ = std::make_unique<std::mutex>();
  std::uint64_t unread_blocks_ = 0;
  std::uint64_t bytes_loaded_ = 0;
};

}  // namespace heapglass
