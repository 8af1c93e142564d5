#include "inspector/python/collector_state.h"

namespace heapglass {
namespace {

// What generation i's collections came to: in an array of one for each; since 3.15 the last of a
// ring, one ring for the young, then one for each of the old (pycore_interp_structs.h, gc_stats).
Address statistics(Address gc, std::size_t i, const Layout& layout, Memory& memory) {
  const auto at = [&](Address base, Fact fact) {
    return base + static_cast<Address>(layout[fact]);
  };
  const auto size = static_cast<Address>(layout[Fact::sizeof_gc_generation_stats]);
  const Address array = at(gc, Fact::_gc_runtime_state_generation_stats);
  if (!layout.has(Fact::gc_stats_old)) return array + i * size;
  const Address rings = memory.value<Address>(array).value_or(0);
  const Address ring =
      i == 0 ? rings
             : at(rings, Fact::gc_stats_old) +
                   (i - 1) * static_cast<Address>(layout[Fact::sizeof_gc_old_stats_buffer]);
  const Fact index_fact =
      i == 0 ? Fact::gc_young_stats_buffer_index : Fact::gc_old_stats_buffer_index;
  const auto index = memory.value<std::uint8_t>(at(ring, index_fact)).value_or(0);
  return index * size < static_cast<Address>(layout[index_fact]) ? ring + index * size : ring;
}

}  // namespace

std::vector<CollectorState> read_collector_states(const Runtime& runtime, const Layout& layout,
                                                  Memory& memory) {
  const auto at = [&](Address base, Fact fact) {
    return base + static_cast<Address>(layout[fact]);
  };
  std::vector<CollectorState> collectors;
  for (const InterpreterState& state : runtime.interpreters) {
    CollectorState collector;
    if (state.generations.size() != collector.generations.size()) continue;  // another's serves it
    // Up to 3.6 its parts are variables here and there, and this is not told.
    if (!layout.has(Fact::_gc_runtime_state_enabled) || state.collecting == 0) continue;
    const Address gc =
        state.collecting - static_cast<Address>(layout[Fact::_gc_runtime_state_collecting]);
    const auto enabled = memory.value<std::int32_t>(at(gc, Fact::_gc_runtime_state_enabled));
    if (!enabled) continue;
    collector.interpreter = state.id;
    collector.enabled = *enabled != 0;
    for (std::size_t i = 0; i < collector.generations.size(); ++i) {
      CollectorState::Generation& generation = collector.generations[i];
      const auto number = [&](Fact fact) {
        return memory.value<std::int32_t>(at(state.generations[i], fact)).value_or(0);
      };
      const Address stats = statistics(gc, i, layout, memory);
      const auto sum = [&](Fact fact) {
        return memory.value<std::int64_t>(at(stats, fact)).value_or(0);
      };
      generation = {number(Fact::gc_generation_threshold), number(Fact::gc_generation_count),
                    sum(Fact::gc_generation_stats_collections),
                    sum(Fact::gc_generation_stats_collected),
                    sum(Fact::gc_generation_stats_uncollectable)};
    }
    collectors.push_back(collector);
  }
  return collectors;
}

}  // namespace heapglass
