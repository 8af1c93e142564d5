#include "inspector/python/pools.h"

#include <algorithm>
#include <array>
#include <span>

#include "inspector/python/bytes.h"
#include "inspector/python/mimalloc.h"
#include "inspector/python/text.h"

namespace heapglass {

namespace {

constexpr std::uint32_t kLeastBlock = 8;  // ALIGNMENT
// Of a block that is larger than this only the beginning is looked at, in which an object's head
// stands and nearly every body: a block of many megabytes need not be there.
constexpr std::uint64_t kMostLooked = 4096;

// A bit for each block of a pool.
class BlockBits {
 public:
  explicit BlockBits(std::uint64_t blocks) {
    std::fill_n(bits_.begin(), (blocks + 63) / 64, std::uint64_t{0});
  }
  void set(std::uint64_t i) { bits_[i / 64] |= std::uint64_t{1} << (i % 64); }
  bool operator[](std::uint64_t i) const { return bits_[i / 64] >> (i % 64) & 1; }

 private:
  std::array<std::uint64_t, Pool::kMostBlocks / 64>
      bits_;  // NOLINT(*-member-init): as many as asked for
};

std::uint64_t blocks_of(const Pool& pool) { return (pool.end - pool.first) / pool.block; }

BlockBits free_blocks(const Pool& pool, const Decoders& decoders) {
  const std::uint64_t blocks = blocks_of(pool);
  BlockBits bits(blocks);
  // At most `left` of a chain; whether it ended.
  const auto follow = [&](Address at, std::uint64_t& left) {
    for (; at != 0 && left != 0; --left) {
      const std::uint64_t offset = at - pool.begin;
      if (offset < pool.first || offset + pool.block > pool.end) break;
      const std::byte* word = decoders.mirror.at(at, sizeof(Address));
      if (word == nullptr) break;
      bits.set((offset - pool.first) / pool.block);
      at = load_pointer(word);
    }
    return at == 0;
  };
  std::uint64_t left = blocks - pool.used, used = pool.used;
  const bool ended = follow(pool.free[0], left) && follow(pool.free[1], left);
  if (!ended || left != 0 || !follow(pool.freed_by_others, used)) {
    decoders.fault(Fault::broken_chain);
  }
  return bits;
}

// What a block may hold: an object with a header of `offset` bytes before it.
struct Kind {
  std::uint32_t offset = 0;
  bool has_gc = false;
  std::int32_t pre_header = 0;
};

using Kinds = std::array<Kind, 3>;
Kinds kinds_of(const Layout& layout) {
  const auto gc = static_cast<std::uint32_t>(layout[Fact::sizeof_PyGC_Head]);
  constexpr std::int32_t kPreHeader = 2 * sizeof(Address);
  return {Kind{0, false, 0}, Kind{gc, true, 0}, Kind{gc + kPreHeader, true, kPreHeader}};
}

std::span<const Kind> kinds_in(const Pool& pool, const Kinds& all) {
  const std::span<const Kind> kinds(all);
  if (pool.holds == Pool::Holds::anything) return kinds;
  return kinds.subspan(static_cast<std::size_t>(pool.holds) - 1, 1);
}

// How far into its block a debugging allocator (PYTHONMALLOC=debug) puts what it gives: behind the
// size and eight bytes that say which allocator, and are 0xFD (Objects/obmalloc.c,
// _PyMem_DebugRawAlloc). Looked at where pools are told apart; others are left to the references.
std::uint64_t debug_head(const std::byte* block, const Pool& pool) {
  constexpr std::uint64_t kHead = 16, kForbidden = 0xFDFDFDFDFDFDFD;  // PYMEM_FORBIDDENBYTE
  if (pool.holds == Pool::Holds::anything || pool.block < 2 * kHead) return 0;
  const auto mark = load<std::uint64_t>(block, sizeof(Address));
  const auto which = static_cast<char>(mark & 0xff);
  return mark >> 8 == kForbidden && (which == 'o' || which == 'm') ? kHead : 0;
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
  const auto [interned, kind, compact, ascii] = text_state(body, layout);
  const auto head =
      static_cast<std::uint64_t>(layout[!compact ? Fact::sizeof_PyUnicodeObject
                                        : ascii  ? Fact::sizeof_PyASCIIObject
                                                 : Fact::sizeof_PyCompactUnicodeObject]);
  if (head > room || !compact) return head <= room;
  const auto length = load<std::uint64_t>(body, layout[Fact::PyASCIIObject_length]);
  return length < room && head + (length + 1) * kind <= room;
}

// What the block of `size` bytes may be, of which `seen` are there; null: no object.
const Kind* kind_of(const std::byte* block, std::uint64_t size, std::uint64_t seen,
                    std::span<const Kind> kinds, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const auto head = static_cast<std::uint64_t>(layout[Fact::sizeof_PyObject]);
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
    if (seen < size && kind.offset + static_cast<std::uint64_t>(type->basicsize) > seen) continue;
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
  if (layout.has(Fact::sizeof_mi_page_s)) return object_pages(arenas, decoders);
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
      Pool pool{.begin = at, .first = header};
      pool.free[0] = load_pointer(head, layout[Fact::pool_header_freeblock]);
      pool.used = load<std::uint32_t>(head, layout[Fact::pool_header_ref_count]);
      if (pool.used == 0) continue;
      constexpr std::uint32_t kMostBlocks = 2048;  // POOL_SIZE / ALIGNMENT
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
  const auto gc_head = static_cast<std::uint32_t>(layout[Fact::sizeof_PyGC_Head]);
  const bool large = pool.block > kMostLooked;
  const std::uint64_t seen = large ? kMostLooked : pool.block;
  const std::byte* bytes = large ? nullptr : decoders.mirror.at(pool.begin, pool.end);
  const Cell first = cells.cell(pool.begin);
  if ((bytes == nullptr && !large) || first == kNoCell) return;
  const BlockBits free = free_blocks(pool, decoders);
  const Kinds all_kinds = kinds_of(layout);
  const std::span<const Kind> kinds = kinds_in(pool, all_kinds);
  // Those in the collector's lists wait until their neighbours, who may be anywhere, are at hand.
  std::vector<std::uint64_t> linked;
  linked.reserve(check_links ? blocks_of(pool) : 0);
  const auto insert = [&](std::uint64_t object) {
    const Cell cell = large ? cells.cell(pool.begin + object) : first + object / Cells::kBytes;
    if (cell != kNoCell) found.insert(cell);
  };
  std::uint64_t number = 0;
  for (std::uint64_t at = pool.first; at + pool.block <= pool.end; at += pool.block, ++number) {
    if (free[number]) continue;
    const std::byte* block = large ? decoders.mirror.at(pool.begin + at, seen) : bytes + at;
    if (block == nullptr) continue;  // it is found if something refers to it
    const std::uint64_t before = debug_head(block, pool);
    const Kind* kind = kind_of(block + before, pool.block - before, seen - before, kinds, decoders);
    if (kind == nullptr) continue;
    const std::uint64_t object = at + before + kind->offset;
    if (!kind->has_gc || !check_links) {
      insert(object);
      continue;
    }
    linked.push_back(object);
    const Address next =
        load_pointer(block + before + kind->offset - gc_head, layout[Fact::PyGC_Head__gc_next]);
    __builtin_prefetch(decoders.mirror.at(next & ~Address{3}, gc_head));
  }
  for (const std::uint64_t object : linked) {
    const Address node = pool.begin + object - gc_head;
    const std::byte* links = decoders.mirror.at(node, gc_head);
    if (links != nullptr && gc_links_agree(node, links, decoders)) {
      insert(object);
    }
  }
}

}  // namespace heapglass
