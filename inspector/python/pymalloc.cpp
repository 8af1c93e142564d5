#include "inspector/python/pymalloc.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "inspector/python/bytes.h"
#include "inspector/python/mimalloc.h"

namespace heapglass {

namespace {

constexpr std::uint32_t kMostArenas = 1u << 24;
constexpr Address kPageSize = 4096;

// The table of `count` arena_objects at `table`; nullopt unless every entry in use can be one.
std::optional<std::vector<Arena>> read_table(Address table, std::uint32_t count,
                                             const Layout& layout, Memory& memory) {
  if (table == 0 || count == 0 || count > kMostArenas) return std::nullopt;
  const auto stride = static_cast<std::size_t>(layout[Fact::sizeof_arena_object]);
  const auto arena_size = static_cast<Address>(layout[Fact::pymalloc_ARENA_SIZE]);
  std::vector<std::byte> bytes;
  std::vector<Arena> arenas;
  // In steps, so that a lying count costs no more than the memory that is there.
  constexpr std::uint32_t kStep = 4096;
  for (std::uint32_t first = 0; first < count; first += kStep) {
    const std::uint32_t entries = std::min(kStep, count - first);
    bytes.resize(entries * stride);
    if (!memory.read(table + first * stride, bytes.data(), bytes.size())) return std::nullopt;
    for (std::uint32_t i = 0; i < entries; ++i) {
      const std::byte* entry = bytes.data() + i * stride;
      const Address address = load_pointer(entry, layout[Fact::arena_object_address]);
      if (address == 0) continue;  // a slot not in use
      const Address pool = load_pointer(entry, layout[Fact::arena_object_pool_address]);
      const AddressRange range{address, address + arena_size};
      if (address % kPageSize != 0 || address >> 47 || pool < range.begin || pool > range.end) {
        return std::nullopt;
      }
      arenas.push_back({range, pool});
    }
  }
  return arenas;
}

// What the first instructions of a function refer to, on x86-64.
struct Instructions {
  std::vector<Address> loads;  // `mov disp32(%rip), reg`
  std::vector<Address> calls;  // `call rel32`, `jmp rel32`
};

Instructions look_at(Address function, Memory& memory) {
  std::array<std::byte, 256> code;
  Instructions found;
  if (!memory.read(function, code.data(), code.size())) return found;
  const auto target = [&](std::size_t displacement) {
    const auto offset = load<std::int32_t>(code.data(), static_cast<std::int64_t>(displacement));
    return function + displacement + 4 + static_cast<Address>(std::int64_t{offset});
  };
  for (std::size_t i = 0; i + 6 <= code.size(); ++i) {
    const bool rip_relative = (code[i + 1] & std::byte{0xc7}) == std::byte{0x05};
    if (code[i] == std::byte{0x8b} && rip_relative) found.loads.push_back(target(i + 2));
    if (code[i] == std::byte{0xe8} || code[i] == std::byte{0xe9}) {
      found.calls.push_back(target(i + 1));
    }
  }
  return found;
}

// A stripped file names neither, but exported functions load both: up to 3.8 one that is called by
// _PyObject_DebugMallocStats. Some of the loads are counters: only the true pair gives arenas
// throughout, and the most.
std::optional<std::vector<Arena>> table_by_code(const Interpreter& interpreter,
                                                const Layout& layout, Memory& memory) {
  std::vector<Address> loads;
  for (const char* name : {"_Py_GetAllocatedBlocks", "_PyObject_DebugMallocStats"}) {
    const auto function = interpreter.symbol(name);
    if (!function) continue;
    const Instructions own = look_at(*function, memory);
    loads.insert(loads.end(), own.loads.begin(), own.loads.end());
    for (const Address callee : own.calls) {
      const Instructions called = look_at(callee, memory);
      loads.insert(loads.end(), called.loads.begin(), called.loads.end());
    }
  }
  constexpr std::size_t kMostLoads = 64;  // 20 in a true one
  if (loads.size() > kMostLoads) loads.resize(kMostLoads);
  std::vector<Address> tables;
  std::vector<std::uint32_t> counts;
  for (const Address at : loads) {
    const Address value = memory.value<Address>(at).value_or(0);
    if (value % sizeof(Address) == 0 && value >= kPageSize) tables.push_back(value);
    const auto count = memory.value<std::uint32_t>(at).value_or(0);
    if (count != 0 && count <= kMostArenas) counts.push_back(count);
  }
  std::optional<std::vector<Arena>> best;
  for (const Address table : tables) {
    for (const std::uint32_t count : counts) {
      auto found = read_table(table, count, layout, memory);
      if (found && !found->empty() && (!best || found->size() > best->size())) best = found;
    }
  }
  return best;
}

std::optional<std::vector<Arena>> static_table(const Interpreter& interpreter, const Layout& layout,
                                               Memory& memory) {
  const auto arenas = interpreter.symbol("arenas");
  const auto maxarenas = interpreter.symbol("maxarenas");
  if (!arenas || !maxarenas) return table_by_code(interpreter, layout, memory);
  return read_table(memory.value<Address>(*arenas).value_or(0),
                    memory.value<std::uint32_t>(*maxarenas).value_or(0), layout, memory);
}

std::optional<std::vector<Arena>> table_of_state(Address state, const Layout& layout,
                                                 Memory& memory) {
  const auto read_at = [&](Address obmalloc) {
    const auto at = [&](Fact fact) { return obmalloc + static_cast<Address>(layout[fact]); };
    return read_table(
        memory.value<Address>(at(Fact::_obmalloc_state_mgmt_arenas)).value_or(0),
        memory.value<std::uint32_t>(at(Fact::_obmalloc_state_mgmt_maxarenas)).value_or(0), layout,
        memory);
  };
  // The state stands in the interpreter's, or a pointer to it does.
  const Address here = state + static_cast<Address>(layout[Fact::PyInterpreterState_obmalloc]);
  if (const Address there = memory.value<Address>(here).value_or(0); there != 0) {
    if (auto arenas = read_at(there)) return arenas;
  }
  return read_at(here);
}

}  // namespace

std::vector<Arena> find_arenas(const Interpreter& interpreter, const Runtime& runtime,
                               const Layout& layout, Memory& memory) {
  std::vector<Arena> arenas;
  if (!layout.has(Fact::PyInterpreterState_obmalloc)) {
    arenas = static_table(interpreter, layout, memory).value_or(std::vector<Arena>{});
  } else {
    for (const InterpreterState& state : runtime.interpreters) {
      const auto found = table_of_state(state.address, layout, memory);
      if (found) arenas.insert(arenas.end(), found->begin(), found->end());
    }
  }
  std::sort(arenas.begin(), arenas.end(),
            [](const Arena& a, const Arena& b) { return a.range.begin < b.range.begin; });
  // Interpreters that share an allocator have the same table.
  arenas.erase(std::unique(arenas.begin(), arenas.end(),
                           [](const Arena& a, const Arena& b) { return a.range == b.range; }),
               arenas.end());
  return arenas;
}

PoolFacts count_pools(const std::vector<Arena>& arenas, const Layout& layout, Mirror& mirror) {
  const auto pool_size = static_cast<Address>(layout[Fact::pymalloc_POOL_SIZE]);
  const auto header = static_cast<Address>(layout[Fact::sizeof_pool_header]);
  const auto alignment = static_cast<Address>(layout[Fact::pymalloc_ALIGNMENT]);
  if (layout.has(Fact::sizeof_mi_page_s)) return count_pages(arenas, layout, mirror);
  PoolFacts facts;
  for (const Arena& arena : arenas) {
    const Address first = (arena.range.begin + pool_size - 1) / pool_size * pool_size;
    for (Address pool = first; pool + pool_size <= arena.pool_address; pool += pool_size) {
      const std::byte* head = mirror.at(pool, header);
      if (head == nullptr) continue;
      facts.arena_bytes += pool_size;
      const std::uint64_t count = load<std::uint32_t>(head, layout[Fact::pool_header_ref_count]);
      const std::uint64_t block =
          (load<std::uint32_t>(head, layout[Fact::pool_header_szidx]) + 1ull) * alignment;
      if (count == 0) {
        facts.free_pools += pool_size;
      } else if (block < pool_size && count <= pool_size / block) {
        facts.used_blocks += count * block;
        facts.free_blocks += pool_size - count * block;
      }
    }
  }
  return facts;
}

}  // namespace heapglass
