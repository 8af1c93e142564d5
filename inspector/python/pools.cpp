#include "inspector/python/pools.h"

#include <algorithm>
#include <array>

#include "inspector/python/bytes.h"

namespace heapglass {

namespace {

constexpr std::uint32_t kLeastBlock = 8;     // ALIGNMENT
constexpr std::uint32_t kMostBlocks = 2048;  // POOL_SIZE / ALIGNMENT

using BlockBits = std::array<std::uint64_t, kMostBlocks / 64>;

// Blocks that were used and given back are chained through their first word.
BlockBits free_blocks(const Pool& pool, const std::byte* bytes, std::uint32_t header,
                      const Decoders& decoders) {
  BlockBits bits{};
  const std::uint32_t carved = (pool.end - header) / pool.block;
  std::uint32_t left = carved - std::min(pool.used, carved);
  Address at = load_pointer(bytes, decoders.layout[Fact::pool_header_freeblock]);
  for (; at != 0 && left != 0; --left) {
    const std::uint64_t offset = at - pool.begin;
    if (offset < header || offset + pool.block > pool.end) break;
    const auto number = static_cast<std::uint32_t>(offset - header) / pool.block;
    bits[number / 64] |= std::uint64_t{1} << (number % 64);
    at = load_pointer(bytes, static_cast<std::int64_t>(offset));
  }
  if (at != 0 || left != 0) decoders.fault(Fault::broken_chain);
  return bits;
}

// What a block may hold: an object with a header of `offset` bytes before it.
struct Kind {
  std::uint32_t offset = 0;
  bool has_gc = false;
  std::int32_t pre_header = 0;
};

std::array<Kind, 3> kinds(const Layout& layout) {
  const auto gc = static_cast<std::uint32_t>(layout[Fact::sizeof_PyGC_Head]);
  constexpr std::int32_t kPreHeader = 2 * sizeof(Address);
  return {Kind{0, false, 0}, Kind{gc, true, 0}, Kind{gc + kPreHeader, true, kPreHeader}};
}

// Whether it can be the count of an object in a pool. Where a program is loaded at a low address,
// pointers are as small as counts: a number that is an address is none. (An object with so many
// references is found through one of them.)
bool counts(const std::byte* body, const Decoders& decoders) {
  constexpr std::uint64_t kLowestAddress = 1 << 16;  // vm.mmap_min_addr
  if (!plausible_count(body, decoders.layout)) return false;
  const auto count = static_cast<std::uint64_t>(refcount_of(body, decoders.layout).count);
  return count < kLowestAddress || decoders.mirror.find(count) == nullptr;
}

// Whether a str with what its head says fits: its characters follow a compact one.
bool text_fits(const std::byte* body, std::uint64_t room, const Layout& layout) {
  const auto state = load<std::uint32_t>(body, layout[Fact::PyASCIIObject_state]);
  const std::uint64_t kind = state >> 2 & 7;  // interned:2 kind:3 compact:1 ascii:1
  const bool compact = state >> 5 & 1, ascii = state >> 6 & 1;
  const auto head =
      static_cast<std::uint64_t>(layout[!compact ? Fact::sizeof_PyUnicodeObject
                                        : ascii  ? Fact::sizeof_PyASCIIObject
                                                 : Fact::sizeof_PyCompactUnicodeObject]);
  if (head > room || !compact) return head <= room;
  const auto length = load<std::uint64_t>(body, layout[Fact::PyASCIIObject_length]);
  return length < room && head + (length + 1) * kind <= room;
}

// What the block may be; null: no object.
const Kind* kind_of(const std::byte* block, std::uint32_t size, const std::array<Kind, 3>& kinds,
                    const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const auto head = static_cast<std::uint32_t>(layout[Fact::sizeof_PyObject]);
  for (const Kind& kind : kinds) {
    if (kind.offset + head > size) break;
    const std::byte* body = block + kind.offset;
    const Address ob_type = load_pointer(body, layout[Fact::PyObject_ob_type]);
    if (ob_type < 4096 || ob_type % sizeof(Address) != 0) continue;
    if (!counts(body, decoders)) continue;
    const TypeInfo* type = decoders.types.resolve(ob_type);
    if (type == nullptr || type->has_gc != kind.has_gc || type->pre_header != kind.pre_header) {
      continue;
    }
    // A compact str ends where its characters do, before what tp_basicsize counts.
    const std::int64_t least =
        type->shape == Shape::str ? layout[Fact::sizeof_PyASCIIObject] : type->basicsize;
    const std::uint64_t room = size - std::min<std::uint64_t>(size, kind.offset);
    if (static_cast<std::uint64_t>(least) > room) continue;
    if (type->shape == Shape::str && !text_fits(body, room, layout)) continue;
    // Of what has no collector's header, the items too (bytes; the length of an int is a dialect).
    if (!kind.has_gc && type->itemsize != 0 && type->shape != Shape::integer) {
      const std::uint64_t items = magnitude(load_ssize(body, layout[Fact::PyVarObject_ob_size]));
      if (items > size || items * static_cast<std::uint64_t>(type->itemsize) > room) continue;
    }
    return &kind;
  }
  return nullptr;
}

}  // namespace

std::vector<Pool> used_pools(const std::vector<Arena>& arenas, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const auto pool_size = static_cast<Address>(layout[Fact::pymalloc_POOL_SIZE]);
  const auto header = static_cast<std::uint32_t>(layout[Fact::sizeof_pool_header]);
  const auto alignment = static_cast<std::uint32_t>(layout[Fact::pymalloc_ALIGNMENT]);
  std::vector<Pool> pools;
  for (const Arena& arena : arenas) {
    const Address first = (arena.range.begin + pool_size - 1) / pool_size * pool_size;
    for (Address at = first; at + pool_size <= arena.pool_address; at += pool_size) {
      const std::byte* head = decoders.mirror.at(at, pool_size);
      if (head == nullptr) {
        decoders.unreadable(at, pool_size);
        continue;
      }
      Pool pool{.begin = at};
      pool.used = load<std::uint32_t>(head, layout[Fact::pool_header_ref_count]);
      if (pool.used == 0) continue;
      const auto szidx = load<std::uint32_t>(head, layout[Fact::pool_header_szidx]);
      pool.end = load<std::uint32_t>(head, layout[Fact::pool_header_nextoffset]);
      pool.block = (std::min(szidx, kMostBlocks) + 1) * alignment;
      const bool sound = pool.block <= pool_size - header && pool.end > header &&
                         pool.end <= pool_size && alignment >= kLeastBlock &&
                         pool.used <= (pool.end - header) / pool.block &&
                         (pool.end - header) / pool.block <= kMostBlocks;
      if (!sound) {
        decoders.fault(Fault::bad_table);
        continue;
      }
      pools.push_back(pool);
    }
  }
  return pools;
}

void find_objects(const Pool& pool, bool check_links, const Decoders& decoders, const Cells& cells,
                  ObjectSet& found) {
  const Layout& layout = decoders.layout;
  const auto header = static_cast<std::uint32_t>(layout[Fact::sizeof_pool_header]);
  const auto gc_head = static_cast<std::uint32_t>(layout[Fact::sizeof_PyGC_Head]);
  const std::byte* bytes = decoders.mirror.at(pool.begin, pool.end);
  const Cell first = cells.cell(pool.begin);
  if (bytes == nullptr || first == kNoCell) return;
  const BlockBits free = free_blocks(pool, bytes, header, decoders);
  const std::array<Kind, 3> all_kinds = kinds(layout);
  // Those in the collector's lists wait until their neighbours, who may be anywhere, are at hand.
  std::array<std::uint32_t, kMostBlocks> linked;  // NOLINT(*-member-init): a list, as long as
  std::size_t linked_count = 0;                   // this says
  std::uint32_t number = 0;
  for (std::uint32_t at = header; at + pool.block <= pool.end; at += pool.block, ++number) {
    if (free[number / 64] >> (number % 64) & 1) continue;
    const Kind* kind = kind_of(bytes + at, pool.block, all_kinds, decoders);
    if (kind == nullptr) continue;
    const std::uint32_t object = at + kind->offset;
    if (!kind->has_gc || !check_links) {
      found.insert(first + object / Cells::kBytes);
      continue;
    }
    linked[linked_count++] = object;
    const Address next = load_pointer(bytes + object - gc_head, layout[Fact::PyGC_Head__gc_next]);
    __builtin_prefetch(decoders.mirror.at(next & ~Address{3}, gc_head));
  }
  for (std::size_t i = 0; i < linked_count; ++i) {
    const std::uint32_t node = linked[i] - gc_head;
    if (gc_links_agree(pool.begin + node, bytes + node, decoders)) {
      found.insert(first + linked[i] / Cells::kBytes);
    }
  }
}

}  // namespace heapglass
