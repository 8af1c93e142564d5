#include "inspector/python/dict_items.h"

#include "inspector/python/bytes.h"
#include "inspector/python/text.h"
#include "inspector/python/visit.h"

namespace heapglass {

Address DictItems::key(std::uint64_t i) const {
  return load_pointer(keys.entries + i * keys.entry_size, keys.key_offset);
}

Address DictItems::value(std::uint64_t i) const {
  return split_values != nullptr
             ? load_pointer(split_values, static_cast<std::int64_t>(i * sizeof(Address)))
             : load_pointer(keys.entries + i * keys.entry_size, keys.value_offset);
}

std::optional<DictItems> dict_items(Address dict, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const auto object = open_object(dict, decoders);
  if (!object) return std::nullopt;
  if (object->type->shape != Shape::dict && object->type->shape != Shape::odict) {
    return std::nullopt;
  }
  const Address table = load_pointer(object->body, layout[Fact::PyDictObject_ma_keys]);
  const auto keys = read_dict_keys(table, layout, decoders.mirror);
  if (!keys) {
    decoders.fault(Fault::bad_table);
    return std::nullopt;
  }
  DictItems items{keys->entry_count, *keys, nullptr};
  const Address values = load_pointer(object->body, layout[Fact::PyDictObject_ma_values]);
  if (values == 0) return items;
  const Address first = layout.has(Fact::PyDictValues_values)
                            ? values + static_cast<Address>(layout[Fact::PyDictValues_values])
                            : values;
  items.split_values = decoders.mirror.at(first, items.count * sizeof(Address));
  if (items.split_values == nullptr) {
    decoders.unreadable(first);
    return std::nullopt;
  }
  return items;
}

Address dict_value(Address dict, std::string_view key, const Decoders& decoders) {
  const auto items = dict == 0 ? std::nullopt : dict_items(dict, decoders);
  if (!items) return 0;
  for (std::uint64_t i = 0; i < items->count; ++i) {
    if (items->value(i) == 0) continue;
    const auto text = text_shape(items->key(i), decoders.layout, decoders.mirror);
    if (!text || text->length != key.size() || text->kind != 1) continue;
    const std::byte* characters = decoders.mirror.at(text->data, key.size());
    if (characters != nullptr && std::memcmp(characters, key.data(), key.size()) == 0) {
      return items->value(i);
    }
  }
  return 0;
}

namespace {

// Finds among an object's references the one that is called so, and its __dict__.
struct FindName {
  const Names& names;
  std::string label;
  Address found = 0;
  Address dict = 0;

  void take(std::span<const Reference> references) {
    for (const Reference& reference : references) {
      if (reference.label != LabelKind::field && reference.label != LabelKind::attribute) continue;
      if (reference.index >= names.texts().size()) continue;
      const std::string& text = names[reference.index];
      if (text == label) found = reference.to;
      if (text == ".__dict__") dict = reference.to;
    }
  }
};

}  // namespace

Address attribute(Address address, std::string_view name, const Decoders& decoders) {
  // Of the instances that are meant here; others are not worth the time.
  constexpr std::size_t kMostAttributes = 4096;
  const auto object = open_object(address, decoders);
  if (!object || object->type->shape != Shape::fixed || object->type->inferred ||
      object->type->attribute_names.size() > kMostAttributes) {
    return 0;
  }
  FindName find{decoders.types.names(), "." + std::string(name)};
  {
    Sink sink(find);
    visit(*object, decoders, sink);
  }
  if (find.found == 0) return dict_value(find.dict, name, decoders);
  return find.found;
}

}  // namespace heapglass
