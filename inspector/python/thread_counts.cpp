#include "inspector/python/thread_counts.h"

#include <algorithm>

#include "inspector/python/bytes.h"

namespace heapglass {

namespace {

constexpr std::size_t kMostThreads = std::size_t{1} << 16;
constexpr std::uint64_t kMostIds = std::uint64_t{1} << 24;

// A table of words and how many there are; null where it cannot be read.
struct Words {
  const std::byte* bytes = nullptr;
  std::uint64_t count = 0;
};

Address pointer(Address structure, Fact fact, const Decoders& decoders) {
  return decoders.mirror.value<Address>(structure + static_cast<Address>(decoders.layout[fact]))
      .value_or(0);
}

Words words_at(Address structure, Fact table, Fact size, const Decoders& decoders) {
  const Address at = pointer(structure, table, decoders);
  const std::uint64_t count = pointer(structure, size, decoders);
  if (at == 0 || count == 0) return {};
  if (count > kMostIds) {
    decoders.fault(Fault::absurd_size);
    return {};
  }
  const std::byte* bytes = decoders.mirror.at(at, count * sizeof(Address));
  if (bytes == nullptr) {
    decoders.unreadable(at, count * sizeof(Address));
    return {};
  }
  return {bytes, count};
}

}  // namespace

std::unordered_map<Address, std::int64_t> thread_counts(const Runtime& runtime,
                                                        const Decoders& decoders) {
  std::unordered_map<Address, std::int64_t> counts;
  if (!decoders.layout.has(Fact::PyInterpreterState_unique_ids_table)) return counts;
  for (const InterpreterState& state : runtime.interpreters) {
    // An object, or where the id is free, another free one's place in this table.
    const Words objects = words_at(state.address, Fact::PyInterpreterState_unique_ids_table,
                                   Fact::PyInterpreterState_unique_ids_size, decoders);
    std::vector<std::int64_t> sums(objects.count);
    std::uint64_t left = 16 * kMostIds;  // counts that are read: a list of threads may loop
    std::size_t threads = 0;
    for (Address thread = pointer(state.address, Fact::PyInterpreterState_threads_head, decoders);
         thread != 0 && threads < kMostThreads; ++threads) {
      const Words own = words_at(thread, Fact::_PyThreadStateImpl_refcounts_values,
                                 Fact::_PyThreadStateImpl_refcounts_size, decoders);
      const std::uint64_t shared = std::min({own.count, objects.count, left});
      left -= shared;
      for (std::uint64_t i = 0; i < shared; ++i) {
        // Each may be negative: a reference goes with another thread than it came with.
        const std::int64_t count = load_ssize(own.bytes, static_cast<std::int64_t>(i * 8));
        if (count >> 40 == 0 || count >> 40 == -1) sums[i] += count;
      }
      thread = pointer(thread, Fact::PyThreadState_next, decoders);
    }
    for (std::uint64_t i = 0; i < objects.count; ++i) {
      if (sums[i] != 0) {
        counts[load_pointer(objects.bytes, static_cast<std::int64_t>(i * 8))] += sums[i];
      }
    }
  }
  return counts;
}

}  // namespace heapglass
