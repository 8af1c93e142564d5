// Sets and frozensets (Objects/setobject.c): an open hash table of mask + 1 entries {key, hash}.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_set(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  if (load_ssize(object.body, layout[Fact::PySetObject_fill]) == 0) return;
  const Address table = load_pointer(object.body, layout[Fact::PySetObject_table]);
  const auto mask = load<std::uint64_t>(object.body, layout[Fact::PySetObject_mask]);
  const auto stride = static_cast<std::uint64_t>(layout[Fact::sizeof_setentry]);
  if ((mask & (mask + 1)) != 0 || mask >= decoders.mirror.room(table) / stride) {
    return decoders.fault(Fault::absurd_size);
  }
  const std::byte* entries = decoders.mirror.at(table, (mask + 1) * stride);
  if (entries == nullptr) return decoders.unreadable(table, (mask + 1) * stride);
  for (std::uint64_t i = 0; i <= mask; ++i) {
    const std::byte* entry = entries + i * stride;
    // A deleted entry holds the dummy object, uncounted, with a hash that no object has.
    if (load_ssize(entry, layout[Fact::setentry_hash]) == -1) continue;
    sink.add(load_pointer(entry, layout[Fact::setentry_key]), ReferenceKind::collector,
             FixedName::member);
  }
}

}  // namespace heapglass
