// Nodes of the immutable mapping behind contextvars.Context (Python/hamt.c).
#include <algorithm>

#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

constexpr std::int64_t kWord = sizeof(Address);

// key, value, key, value, ...; where the key is null, what follows is a node.
void visit_pairs(const Object& object, std::int32_t offset, const Decoders& decoders, Sink& sink) {
  const std::int64_t count = object.ob_size(decoders.layout);
  const Address items = object.address + static_cast<Address>(offset);
  if (count < 0 || static_cast<std::uint64_t>(count) > decoders.mirror.room(items) / kWord) {
    return decoders.fault(Fault::absurd_size);
  }
  const std::byte* bytes = decoders.mirror.at(items, static_cast<std::size_t>(count * kWord));
  if (bytes == nullptr) {
    return decoders.unreadable(items, static_cast<std::uint64_t>(count * kWord));
  }
  for (std::int64_t i = 0; i + 1 < count; i += 2) {
    const Address key = load_pointer(bytes, i * kWord);
    const Address value = load_pointer(bytes, (i + 1) * kWord);
    sink.add(key, ReferenceKind::collector, LabelKind::key, 0);
    sink.add(value, ReferenceKind::collector, key == 0 ? LabelKind::item : LabelKind::value,
             key == 0 ? static_cast<std::uint64_t>(i / 2) : 0);
  }
}

}  // namespace

void visit_hamt(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  switch (object.type->shape) {
    case Shape::hamt_bitmap:
      return visit_pairs(object, layout[Fact::PyHamtNode_Bitmap_b_array], decoders, sink);
    case Shape::hamt_collision:
      return visit_pairs(object, layout[Fact::PyHamtNode_Collision_c_array], decoders, sink);
    default:
      break;
  }
  const std::int64_t begin = layout[Fact::PyHamtNode_Array_a_array];
  for (std::int64_t at = begin; at + kWord <= object.type->basicsize; at += kWord) {
    // a_array is followed by a_count alone.
    if (at == layout[Fact::PyHamtNode_Array_a_count]) break;
    sink.add(load_pointer(object.body, at), ReferenceKind::collector, LabelKind::item,
             static_cast<std::uint64_t>((at - begin) / kWord));
  }
}

}  // namespace heapglass
