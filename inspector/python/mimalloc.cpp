#include "inspector/python/mimalloc.h"

#include <algorithm>
#include <optional>

#include "inspector/python/bytes.h"

namespace heapglass {

namespace {

// Include/internal/mimalloc/mimalloc/types.h
constexpr Address kSegment = Address{32} << 20;  // MI_SEGMENT_SIZE, of their alignment too
constexpr Address kSlice = Address{64} << 10;    // MI_SEGMENT_SLICE_SIZE
constexpr std::uint64_t kMostSlices = kSegment / kSlice;
constexpr std::uint64_t kMostSmall = 8 << 10;  // MI_SMALL_OBJ_SIZE_MAX: their pages have one slice

// Include/internal/pycore_mimalloc.h, _Py_MIMALLOC_HEAP_…
enum class Heap : std::uint8_t { mem, object, gc, gc_pre, other };

// The table at the beginning of a segment.
struct Segment {
  Address begin = 0;
  std::uint64_t info_slices = 0;  // that the table takes itself
  std::uint64_t entries = 0;      // of the table
  const std::byte* slices = nullptr;
};

std::optional<Segment> read_segment(Address begin, const Layout& layout, Mirror& mirror) {
  const auto head_size = static_cast<std::size_t>(layout[Fact::mi_segment_s_slices]);
  const std::byte* head = mirror.at(begin, head_size);
  if (head == nullptr) return std::nullopt;
  Segment segment{.begin = begin};
  segment.info_slices = load<std::uint64_t>(head, layout[Fact::mi_segment_s_segment_info_slices]);
  segment.entries = load<std::uint64_t>(head, layout[Fact::mi_segment_s_slice_entries]);
  if (segment.info_slices == 0 || segment.entries > kMostSlices ||
      segment.info_slices >= segment.entries) {
    return std::nullopt;
  }
  segment.slices =
      mirror.at(begin + head_size,
                segment.entries * static_cast<std::size_t>(layout[Fact::sizeof_mi_page_s]));
  if (segment.slices == nullptr) return std::nullopt;
  return segment;
}

Address cookie_of(Address segment, const Layout& layout, Mirror& mirror) {
  const Address at = segment + static_cast<Address>(layout[Fact::mi_segment_s_cookie]);
  return mirror.value<Address>(at).value_or(0);
}

// What all cookies of a process have in common (_mi_ptr_cookie), told by the segment in which an
// interpreter's sys.modules stands; 0: none of them stands in one.
Address secret_of(const Runtime& runtime, const Layout& layout, Mirror& mirror) {
  for (const InterpreterState& state : runtime.interpreters) {
    const auto modules =
        mirror
            .value<Address>(state.address +
                            static_cast<Address>(layout[Fact::PyInterpreterState_imports_modules]))
            .value_or(0);
    const Address segment = modules & ~(kSegment - 1);
    const Address cookie = cookie_of(segment, layout, mirror);
    if (cookie != 0 && read_segment(segment, layout, mirror)) return cookie ^ segment;
  }
  return 0;
}

struct Page {
  Heap heap = Heap::other;
  const std::byte* head = nullptr;  // mi_page_t
  Address begin = 0;                // of its slices
  std::uint64_t size = 0;           // of its slices, in bytes
  std::uint64_t block = 0;          // bytes of a block
  std::uint64_t first = 0;          // offset of the first block
  std::uint64_t capacity = 0;       // blocks that were ever used
  std::uint64_t used = 0;

  bool sound() const { return used <= capacity && capacity <= (size - first) / block; }
};

// The first block does not begin where the page does (_mi_segment_page_start_from_slice).
std::uint64_t first_block(std::uint64_t block) {
  if (block < sizeof(Address)) return 0;
  if (block <= 64) return 3 * block;
  return block <= 512 ? block : 0;
}

Page read_page(const std::byte* head, Address begin, std::uint64_t slices, const Layout& layout) {
  Page page{.head = head, .begin = begin, .size = slices * kSlice};
  page.capacity = load<std::uint16_t>(head, layout[Fact::mi_page_s_capacity]);
  const auto heap_of = [](unsigned tag) {
    return tag < static_cast<unsigned>(Heap::other) ? static_cast<Heap>(tag) : Heap::other;
  };
  if (layout.has(Fact::mi_page_s_page_start)) {  // mimalloc 2.2
    page.heap = heap_of(load<std::uint8_t>(head, layout[Fact::mi_page_s_heap_tag]));
    page.block = load<std::uint64_t>(head, layout[Fact::mi_page_s_block_size]);
    page.used = load<std::uint16_t>(head, layout[Fact::mi_page_s_used]);
    const Address first = load_pointer(head, layout[Fact::mi_page_s_page_start]);
    page.first = std::min(first - begin, page.size);  // of a forged one no block fits
    return page;
  }
  constexpr unsigned kTagShift = 3,
                     kTagMask = 15;  // is_committed:1 is_zero_init:1 use_qsbr:1 tag:4
  page.heap =
      heap_of(load<std::uint8_t>(head, layout[Fact::mi_page_s_tag]) >> kTagShift & kTagMask);
  page.block = load<std::uint32_t>(head, layout[Fact::mi_page_s_block_size]);
  page.used = load<std::uint32_t>(head, layout[Fact::mi_page_s_used]);
  page.first = first_block(page.block);
  // More than 32 bits tell: one block, as large as its page.
  constexpr std::uint64_t kHuge = std::uint64_t{2} << 30;  // MI_HUGE_BLOCK_SIZE
  if (page.block >= kHuge) page.block = page.size;
  return page;
}

// Calls `take(page)` for each that is in use.
template <class Take>
void for_each_page(const Arena& arena, const Layout& layout, Mirror& mirror, Take take) {
  const auto segment = read_segment(arena.range.begin, layout, mirror);
  if (!segment) return;
  const auto stride = static_cast<std::uint64_t>(layout[Fact::sizeof_mi_page_s]);
  for (std::uint64_t i = segment->info_slices; i < segment->entries;) {
    const std::byte* head = segment->slices + i * stride;
    const auto count = load<std::uint32_t>(head, layout[Fact::mi_page_s_slice_count]);
    const std::uint64_t slices = std::max<std::uint64_t>(count, 1);
    const Page page = read_page(head, segment->begin + i * kSlice, slices, layout);
    if (page.block != 0 && page.used != 0) take(page);  // no block size: a run of free slices
    i += slices;
  }
}

Pool::Holds holds(Heap heap) {
  switch (heap) {
    case Heap::gc:
      return Pool::Holds::collectable;
    case Heap::gc_pre:
      return Pool::Holds::with_pre_header;
    default:
      return Pool::Holds::not_collectable;
  }
}

}  // namespace

std::vector<Arena> find_segments(const Runtime& runtime, const Layout& layout, Mirror& mirror) {
  std::vector<Arena> segments;
  if (!layout.has(Fact::sizeof_mi_page_s)) return segments;
  const Address secret = secret_of(runtime, layout, mirror);
  if (secret == 0) return segments;
  // What a program has reserved may be as large as it likes; beyond 2 TB nothing is looked for.
  std::size_t left = std::size_t{1} << 16;
  // Of neighbouring mappings each looks for those that begin in it.
  for (const Mirror::Segment& mapped : std::as_const(mirror).segments()) {
    for (Address at = (mapped.range.begin + kSegment - 1) / kSegment * kSegment;
         at < mapped.range.end && left != 0; at += kSegment, --left) {
      if (cookie_of(at, layout, mirror) != (secret ^ at)) continue;
      if (!read_segment(at, layout, mirror)) continue;
      // A huge one holds a single block and has as many bytes as that needs.
      const Address end = at + std::min<Address>(mirror.room(at), kSegment);
      segments.push_back({{at, end}, end});
    }
  }
  return segments;
}

std::vector<Pool> object_pages(const std::vector<Arena>& segments, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  std::vector<Pool> pools;
  for (const Arena& segment : segments) {
    for_each_page(segment, layout, decoders.mirror, [&](const Page& page) {
      if (page.heap == Heap::mem || page.heap == Heap::other) return;
      if (!page.sound()) return decoders.fault(Fault::bad_table);
      Pool pool{.begin = page.begin,
                .first = page.first,
                .block = page.block,
                .end = page.first + page.capacity * page.block,
                .used = page.used,
                .holds = holds(page.heap)};
      pool.free = {load_pointer(page.head, layout[Fact::mi_page_s_free]),
                   load_pointer(page.head, layout[Fact::mi_page_s_local_free])};
      constexpr Address kFlags = 3;  // mi_delayed_t
      pool.freed_by_others =
          load_pointer(page.head, layout[Fact::mi_page_s_xthread_free]) & ~kFlags;
      pools.push_back(pool);
    });
  }
  return pools;
}

PoolFacts count_pages(const std::vector<Arena>& segments, const Layout& layout, Mirror& mirror) {
  PoolFacts facts;
  for (const Arena& segment : segments) {
    for_each_page(segment, layout, mirror, [&](const Page& page) {
      if (!page.sound()) return;
      facts.arena_bytes += page.size;
      facts.used_blocks += page.used * page.block;
      facts.free_blocks += page.size - page.used * page.block;
    });
  }
  return facts;
}

std::vector<AddressRange> small_object_ranges(const std::vector<Arena>& segments,
                                              const Layout& layout, Mirror& mirror) {
  std::vector<AddressRange> ranges;
  for (const Arena& segment : segments) {
    ranges.push_back({segment.range.begin, segment.range.begin + kSlice});
    for_each_page(segment, layout, mirror, [&](const Page& page) {
      if (page.heap == Heap::mem || page.heap == Heap::other || page.block > kMostSmall) return;
      ranges.push_back({page.begin, page.begin + page.size});
    });
  }
  return ranges;
}

}  // namespace heapglass
