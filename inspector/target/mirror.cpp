#include "inspector/target/mirror.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <typeinfo>

#include "inspector/target/watcher.h"

namespace heapglass {

namespace {
constexpr std::size_t kHugePage = std::size_t{2} << 20;
}

Pages::Pages(std::size_t size, Address like) {
  // Room to begin at the same place of a huge page as the target's range does.
  reserved_ = size + kHugePage;
  base_ = ::mmap(nullptr, reserved_, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base_ == MAP_FAILED) {
    base_ = nullptr;
    throw std::bad_alloc();
  }
  const auto base = reinterpret_cast<std::uintptr_t>(base_);
  data_ = static_cast<std::byte*>(base_) + ((like - base) & (kHugePage - 1));
  size_ = size;
}

Pages::~Pages() {
  if (base_ != nullptr) ::munmap(base_, reserved_);
}

void Pages::make_huge() { ::madvise(data_, size_, MADV_HUGEPAGE); }

Pages::Pages(Pages&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      reserved_(other.reserved_),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Pages& Pages::operator=(Pages&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(reserved_, other.reserved_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Mirror::Segment Mirror::whole(AddressRange range, std::size_t room) {
  Segment segment{range, nullptr, {}, Pages(range.size() + room, range.begin)};
  segment.data = segment.pages.data();
  return segment;
}

Mirror::Segment Mirror::lazy(AddressRange range) {
  Segment segment = whole(range);
  const std::size_t blocks = (range.size() + kBlock - 1) / kBlock;
  segment.loaded.assign((blocks + 63) / 64, 0);
  return segment;
}

Mirror::Mirror(std::vector<Segment> segments, Memory* source) : source_(source) {
  std::erase_if(segments, [](const Segment& s) {
    return s.range.begin >= s.range.end || s.range.end >> kAddressBits;
  });
  std::stable_sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) {
    return a.range.begin < b.range.begin;
  });
  for (Segment& segment : segments) {
    if (!segments_.empty() && segment.range.begin < segments_.back().range.end) continue;
    segments_.push_back(std::move(segment));
  }
  if (segments_.empty()) return;
  reach_.resize(segments_.size());
  for (std::size_t s = segments_.size(); s-- > 0;) {
    const Address end = segments_[s].range.end;
    const bool joined = s + 1 < segments_.size() && segments_[s + 1].range.begin == end;
    reach_[s] = joined ? reach_[s + 1] : end;
  }
  directory_.resize(std::size_t{1} << (kAddressBits - kLeafShift));
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    const AddressRange range = segments_[s].range;
    for (Address chunk = range.begin >> kChunkShift; chunk <= (range.end - 1) >> kChunkShift;
         ++chunk) {
      auto& leaf = directory_[chunk >> (kLeafShift - kChunkShift)];
      if (!leaf) {
        leaf = std::make_unique<Leaf>();
        leaf->fill(UINT32_MAX);
      }
      std::uint32_t& first = (*leaf)[chunk & (kLeafSize - 1)];
      first = std::min(first, static_cast<std::uint32_t>(s));
    }
  }
}

bool Mirror::load(Segment& segment, std::uint64_t offset, std::size_t size) {
  if (size == 0) return true;
  if (source_ != nullptr) {
    const Memory& source = *source_;
    // Not dynamic_cast, which is slow, and this is asked of every block of a core that is looked
    // at.
    if (typeid(source) == typeid(Watcher)) {
      static_cast<const Watcher&>(source).asked(segment.range.begin + offset, size);
    }
  }
  for (std::size_t block = offset / kBlock; block <= (offset + size - 1) / kBlock; ++block) {
    if (segment.is_loaded(block)) continue;
    const std::lock_guard lock(*loading_);
    if (segment.is_loaded(block)) continue;
    const std::uint64_t begin = block * kBlock;
    const std::size_t length =
        static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, segment.range.size() - begin));
    if (source_ == nullptr ||
        !source_->read(segment.range.begin + begin, segment.data + begin, length)) {
      ++unread_blocks_;
      return false;
    }
    const std::atomic_ref word(segment.loaded[block / 64]);
    word.fetch_or(std::uint64_t{1} << (block % 64), std::memory_order_release);
    bytes_loaded_ += length;
  }
  return true;
}

void Mirror::read(std::span<ReadRequest> requests) {
  for (ReadRequest& request : requests) {
    const std::byte* bytes = at(request.address, request.size);
    request.ok = bytes != nullptr;
    if (request.ok && request.size != 0) std::memcpy(request.into, bytes, request.size);
  }
}

}  // namespace heapglass
