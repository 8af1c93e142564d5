// queue.SimpleQueue (Modules/_queuemodule.c): a list, which is a row's field, or (3.13+) a ring of
// items_cap pointers of which num_items are used from get_idx on.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_simple_queue(const Object& object, const Decoders& decoders, Sink& sink) {
  constexpr std::uint64_t kWord = sizeof(Address);
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::simplequeueobject_buf_items)) return;
  const Address ring = load_pointer(object.body, layout[Fact::simplequeueobject_buf_items]);
  const auto capacity =
      load<std::uint64_t>(object.body, layout[Fact::simplequeueobject_buf_items_cap]);
  const auto used = load<std::uint64_t>(object.body, layout[Fact::simplequeueobject_buf_num_items]);
  const auto first = load<std::uint64_t>(object.body, layout[Fact::simplequeueobject_buf_get_idx]);
  if (used == 0) return;
  if (used > capacity || first >= capacity || capacity > decoders.mirror.room(ring) / kWord) {
    return decoders.fault(Fault::absurd_size);
  }
  const std::byte* bytes = decoders.mirror.at(ring, capacity * kWord);
  if (bytes == nullptr) return decoders.unreadable(ring, capacity * kWord);
  for (std::uint64_t i = 0; i < used; ++i) {
    const std::uint64_t slot = first + i < capacity ? first + i : first + i - capacity;
    sink.add(load_pointer(bytes, static_cast<std::int64_t>(slot * kWord)), ReferenceKind::collector,
             LabelKind::item, i);
  }
}

}  // namespace heapglass
