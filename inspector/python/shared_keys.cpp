// Dicts that share their keys with others of a class (Objects/dictobject.c, "split"): their values
// stand by position. Where such a dict is no instance's any more (a copy of one is split too) it is
// a dict like any other, and its keys are contents.
#include "inspector/graph/edge.h"
#include "inspector/python/bytes.h"
#include "inspector/python/dict_keys.h"
#include "inspector/python/name_references.h"

namespace heapglass {

namespace {

std::optional<DictKeys> keys_of(ObjectId dict, const Naming& naming) {
  const Layout& layout = naming.decoders.layout;
  Mirror& mirror = naming.decoders.mirror;
  const std::byte* body = mirror.at(naming.graph.address[index(dict)],
                                    static_cast<std::size_t>(layout[Fact::sizeof_PyDictObject]));
  if (body == nullptr) return std::nullopt;
  return read_dict_keys(load_pointer(body, layout[Fact::PyDictObject_ma_keys]), layout, mirror);
}

// nullopt: keys of this dict are not shown.
std::optional<NameStyle> style_of(Namespace kind, bool contents) {
  switch (kind) {
    case Namespace::attributes:
    case Namespace::of_sys:
      return NameStyle::attribute;
    case Namespace::subscripts:
      return NameStyle::subscript;
    default:
      return contents ? std::optional(NameStyle::contents) : std::nullopt;
  }
}

}  // namespace

void name_shared_keys(const std::vector<Namespace>& namespaces, bool contents, Naming& naming) {
  for (std::size_t i = 0; i < naming.graph.size(); ++i) {
    const auto dict = static_cast<ObjectId>(i);
    // A dict has items only where it shares its keys, and then shows nothing before them.
    if (naming.begin(dict) == naming.end(dict) ||
        naming.label(naming.begin(dict)) != LabelKind::item ||
        naming.type(dict).shape != Shape::dict) {
      continue;
    }
    const auto keys = keys_of(dict, naming);
    const auto style = style_of(namespaces[i], contents);
    for (std::uint64_t r = naming.begin(dict); r < naming.end(dict); ++r) {
      if (naming.label(r) != LabelKind::item) continue;
      const std::uint64_t at = edge_index(naming.graph.edge[r]);
      std::optional<std::uint32_t> name;
      if (style && keys && at < keys->entry_count) {
        const std::byte* entry = keys->entries + at * keys->entry_size;
        name = naming.names.label(load_pointer(entry, keys->key_offset), *style);
      }
      if (!name) name = naming.names.intern("[<str>]");
      if (name) naming.rename(r, LabelKind::attribute, *name);
    }
  }
}

}  // namespace heapglass
