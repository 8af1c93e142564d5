// Lists (Objects/listobject.c): ob_item points to a vector of `allocated` pointers, ob_size used.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_list(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const std::int64_t count = object.ob_size(layout);
  if (count == 0) return;
  const Address items = load_pointer(object.body, layout[Fact::PyListObject_ob_item]);
  const std::int64_t allocated = load_ssize(object.body, layout[Fact::PyListObject_allocated]);
  if (count < 0 || count > allocated ||
      static_cast<std::uint64_t>(count) > decoders.mirror.room(items) / sizeof(Address)) {
    // While list.sort() runs the list is empty, with allocated -1.
    return decoders.fault(Fault::absurd_size);
  }
  const std::byte* bytes =
      decoders.mirror.at(items, static_cast<std::size_t>(count) * sizeof(Address));
  if (bytes == nullptr) {
    return decoders.unreadable(items, static_cast<std::uint64_t>(count) * sizeof(Address));
  }
  for (std::int64_t i = 0; i < count; ++i) {
    sink.add(load_pointer(bytes, i * static_cast<std::int64_t>(sizeof(Address))),
             ReferenceKind::collector, LabelKind::item, static_cast<std::uint64_t>(i));
  }
}

}  // namespace heapglass
