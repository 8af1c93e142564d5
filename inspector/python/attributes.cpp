// Instance attributes that stand in no slot and behind no ordinary __dict__ pointer: before the
// object (managed dict, 3.11+), at its end (tp_dictoffset < 0), or as bare values whose names are
// the class's (Objects/object.c _PyObject_DictPointer, Objects/dictobject.c
// _PyObject_VisitInstanceAttributes; 3.13+ PyObject_VisitManagedDict).
#include <algorithm>

#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

void visit_values(Address values, std::uint64_t count, const Object& object,
                  const Decoders& decoders, Sink& sink) {
  const auto& names = object.type->attribute_names;
  count = std::min<std::uint64_t>(count, names.size());
  const std::byte* bytes = decoders.mirror.at(values, count * sizeof(Address));
  if (bytes == nullptr) return decoders.unreadable(values);
  for (std::uint64_t i = 0; i < count; ++i) {
    sink.add(load_pointer(bytes, static_cast<std::int64_t>(i * sizeof(Address))),
             ReferenceKind::collector, LabelKind::attribute, names[i]);
  }
}

// 3.13+: values behind the body, as long as they are valid, and besides a dict that may refer to
// those very values. Whose they are is told once, and the other one of the two is not shown:
// since.managed_dict_shown (python/cpython#130327) they are the dict's, before they are the
// instance's. visit_dict() has the same in mind.
void visit_inline_values(Address dict, const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const bool dict_first = layout.since(Fact::since_managed_dict_shown);
  if (!object.type->inline_values || (dict != 0 && dict_first)) {
    sink.add(dict, ReferenceKind::collector, FixedName::dict);
    return;
  }
  const Address at = object.address + static_cast<Address>(object.type->basicsize);
  const auto head_size = static_cast<std::size_t>(layout[Fact::PyDictValues_values]);
  const std::byte* head = decoders.mirror.at(at, head_size);
  if (head == nullptr) return decoders.unreadable(at);
  if (load<std::uint8_t>(head, layout[Fact::PyDictValues_valid]) == 0) {
    sink.add(dict, ReferenceKind::collector, FixedName::dict);
    return;
  }
  sink.add(dict, ReferenceKind::owned, FixedName::dict);
  visit_values(at + head_size, load<std::uint8_t>(head, layout[Fact::PyDictValues_capacity]),
               object, decoders, sink);
}

}  // namespace

void visit_attributes(const Object& object, const Decoders& decoders, Sink& sink) {
  constexpr std::int64_t kWord = sizeof(Address);
  const Layout& layout = decoders.layout;
  const TypeInfo& type = *object.type;
  if (type.dict_offset != 0) {
    // From the end of the items, rounded up to a word.
    const auto items = static_cast<std::int64_t>(
        std::min<std::uint64_t>(magnitude(object.ob_size(layout)), 1 << 30));
    const std::int64_t end = (type.basicsize + type.itemsize * items + kWord - 1) / kWord * kWord;
    if (end + type.dict_offset < 0) return decoders.fault(Fault::absurd_size);
    const std::byte* slot = decoders.mirror.at(
        object.address + static_cast<Address>(end + type.dict_offset), sizeof(Address));
    if (slot == nullptr) return decoders.fault(Fault::absurd_size);
    sink.add(load_pointer(slot), ReferenceKind::collector, FixedName::dict);
    return;
  }
  // Before the collector's header: two words; _Py_MANAGED_DICT_OFFSET is -3 words, and -1 where
  // there is no such header.
  const auto reach = static_cast<Address>(2 * kWord + layout[Fact::sizeof_PyGC_Head]);
  const std::byte* before = decoders.mirror.at(object.address - reach, reach);
  if (before == nullptr) return decoders.unreadable(object.address - reach);
  const Address nearer = load_pointer(before, kWord);  // at -24
  const std::uint64_t names = type.attribute_names.size();
  switch (layout.dialects.managed_dict) {
    case ManagedDict::none:
      return;
    case ManagedDict::pair: {
      sink.add(nearer, ReferenceKind::collector, FixedName::dict);
      const Address values = load_pointer(before);  // at -32
      if (values != 0) visit_values(values, names, object, decoders, sink);
      return;
    }
    case ManagedDict::tagged:
      if (nearer & 1) {
        visit_values(nearer + 1, names, object, decoders, sink);
      } else {
        sink.add(nearer, ReferenceKind::collector, FixedName::dict);
      }
      return;
    case ManagedDict::inline_values:
      visit_inline_values(nearer, object, decoders, sink);
      return;
  }
}

}  // namespace heapglass
