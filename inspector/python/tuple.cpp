// Tuples and what has their layout (Objects/tupleobject.c, Objects/structseq.c).
#include <algorithm>

#include "inspector/python/pointers.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

Address items_of(const Object& object, const Layout& layout) {
  return object.address + static_cast<Address>(layout[Fact::PyTupleObject_ob_item]);
}

}  // namespace

void visit_tuple(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  if (object.address == decoders.property_arguments) return;
  add_items(items_of(object, layout), object.ob_size(layout), ReferenceKind::collector, decoders,
            sink);
}

// A structseq (os.stat_result) has fields behind ob_size that it shows by name only. To the
// collector too (structseq_traverse goes by REAL_SIZE), since it does not leave that to tuple's
// tp_traverse.
void visit_structseq(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const std::int64_t count = std::max(object.ob_size(layout), object.type->struct_fields);
  const std::byte* bytes = pointers_at(items_of(object, layout), count, decoders);
  if (bytes == nullptr) return;
  const std::int64_t shown =
      layout.since(Fact::since_structseq_hidden_shown) ? count : object.ob_size(layout);
  const auto& names = object.type->item_names;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const Address item = load_pointer(bytes, i * std::int64_t{sizeof(Address)});
    const ReferenceKind kind = i < shown ? ReferenceKind::collector : ReferenceKind::owned;
    if (index < names.size() && names[index] != TypeInfo::kNoName) {
      sink.add(item, kind, LabelKind::field, names[index]);
    } else {
      sink.add(item, kind, LabelKind::item, index);
    }
  }
}

}  // namespace heapglass
