// Dicts (Objects/dictobject.c, dict_traverse). The collector is shown values, and keys only where
// the table may hold other keys than str; str keys are owned all the same. Up to 3.10 such tables
// are those looked up by `lookdict`; up to 3.9 a look-up of another key makes any table one.
#include "inspector/python/bytes.h"
#include "inspector/python/dict_keys.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

// A dict whose keys are shared with others of its class; the values stand apart, in key order.
void visit_split(Address values, const DictKeys& keys, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const auto offset = static_cast<Address>(
      layout.has(Fact::PyDictValues_values) ? layout[Fact::PyDictValues_values] : 0);
  const std::byte* bytes = decoders.mirror.at(values + offset, keys.entry_count * sizeof(Address));
  if (bytes == nullptr) return decoders.unreadable(values);
  for (std::uint64_t i = 0; i < keys.entry_count; ++i) {
    const Address value = load_pointer(bytes, static_cast<std::int64_t>(i * sizeof(Address)));
    sink.add(value, ReferenceKind::collector, LabelKind::item, i);
  }
}

bool may_hold_other_keys(const DictKeys& keys, const Decoders& decoders) {
  return keys.dk_lookup != 0 ? keys.dk_lookup == decoders.lookdict : !keys.unicode;
}

}  // namespace

bool values_are_embedded(const Object& dict, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyDictValues_embedded)) return false;
  const std::byte* head =
      decoders.mirror.at(load_pointer(dict.body, layout[Fact::PyDictObject_ma_values]),
                         static_cast<std::size_t>(layout[Fact::PyDictValues_values]));
  return head != nullptr && load<std::uint8_t>(head, layout[Fact::PyDictValues_embedded]) != 0;
}

void visit_dict(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const Address table = load_pointer(object.body, layout[Fact::PyDictObject_ma_keys]);
  const auto keys = read_dict_keys(table, layout, decoders.mirror);
  if (!keys) return decoders.fault(Fault::bad_table);
  const Address values = load_pointer(object.body, layout[Fact::PyDictObject_ma_values]);
  if (values != 0) {
    // Those that stand in an instance may be shown by that (visit_inline_values, attributes.cpp).
    if (!layout.since(Fact::since_managed_dict_shown) && values_are_embedded(object, decoders)) {
      return;
    }
    return visit_split(values, *keys, decoders, sink);
  }
  const ReferenceKind key_kind =
      may_hold_other_keys(*keys, decoders) ? ReferenceKind::collector : ReferenceKind::owned;
  for (std::uint64_t i = 0; i < keys->entry_count; ++i) {
    const std::byte* entry = keys->entries + i * keys->entry_size;
    const Address value = load_pointer(entry, keys->value_offset);
    if (value == 0) continue;  // deleted
    sink.add(load_pointer(entry, keys->key_offset), key_kind, LabelKind::key, 0);
    sink.add(value, ReferenceKind::collector, LabelKind::value, 0);
  }
}

}  // namespace heapglass
