// The state of module _decimal (Modules/_decimal/_decimal.c, decimal_traverse): 3.13+ keeps there
// the tables of its exceptions, DecCondMap {name, ..., ex}, which end in one without a name.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_decimal_maps(Address state, const Decoders& decoders, Sink& sink) {
  constexpr int kMostConditions = 64;
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::decimal_state_signal_map)) return;
  const auto stride = static_cast<Address>(layout[Fact::sizeof_DecCondMap]);
  const auto visit_map = [&](Fact field, int first) {
    const std::byte* pointer =
        decoders.mirror.at(state + static_cast<Address>(layout[field]), sizeof(Address));
    const Address map = pointer == nullptr ? 0 : load_pointer(pointer);
    if (map == 0) return;
    for (int i = first; i < kMostConditions; ++i) {
      const std::byte* entry = decoders.mirror.at(map + static_cast<Address>(i) * stride, stride);
      if (entry == nullptr) return decoders.unreadable(map);
      if (load_pointer(entry, layout[Fact::DecCondMap_name]) == 0) return;
      sink.add(load_pointer(entry, layout[Fact::DecCondMap_ex]), ReferenceKind::collector,
               FixedName::module_state);
    }
    decoders.fault(Fault::broken_chain);
  };
  visit_map(Fact::decimal_state_signal_map, 0);
  // The first of the conditions is the first signal once more, and not counted.
  visit_map(Fact::decimal_state_cond_map, 1);
}

}  // namespace heapglass
