// Tuples and what has their layout (Objects/tupleobject.c, Objects/structseq.c).
#include <algorithm>
#include <span>

#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

// `names`: of the first items.
void visit_items(const Object& object, std::int64_t count, std::span<const std::uint32_t> names,
                 const Decoders& decoders, Sink& sink) {
  const auto offset = static_cast<Address>(decoders.layout[Fact::PyTupleObject_ob_item]);
  if (count <= 0) {
    if (count < 0) decoders.fault(Fault::absurd_size);
    return;
  }
  const auto items = static_cast<std::uint64_t>(count);
  const Address first = object.address + offset;
  if (items > decoders.mirror.room(first) / sizeof(Address)) {
    return decoders.fault(Fault::absurd_size);
  }
  const std::byte* bytes = decoders.mirror.at(first, items * sizeof(Address));
  if (bytes == nullptr) return decoders.unreadable(first, items * sizeof(Address));
  for (std::uint64_t i = 0; i < items; ++i) {
    const Address item = load_pointer(bytes, static_cast<std::int64_t>(i * sizeof(Address)));
    if (i < names.size() && names[i] != TypeInfo::kNoName) {
      sink.add(item, ReferenceKind::collector, LabelKind::field, names[i]);
    } else {
      sink.add(item, ReferenceKind::collector, LabelKind::item, i);
    }
  }
}

}  // namespace

void visit_tuple(const Object& object, const Decoders& decoders, Sink& sink) {
  visit_items(object, object.ob_size(decoders.layout), {}, decoders, sink);
}

// A structseq (os.stat_result) has fields behind ob_size that it shows by name only
// (structseq_traverse goes by REAL_SIZE).
void visit_structseq(const Object& object, const Decoders& decoders, Sink& sink) {
  visit_items(object, std::max(object.ob_size(decoders.layout), object.type->struct_fields),
              object.type->item_names, decoders, sink);
}

}  // namespace heapglass
