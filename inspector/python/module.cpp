// Modules (Objects/moduleobject.c): the dict is a row's field. The C state behind md_state is known
// to the module's own code only: of the standard library's modules it was measured which words are
// shown to the collector and which are borrowed, and what else points to an object is owned; of
// others every word is read conservatively.
#include <algorithm>

#include "inspector/python/bytes.h"
#include "inspector/python/text.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

constexpr std::int64_t kMostStateBytes = 1 << 16;

// What the module has of its own since 3.15, and its definition before; 0: nothing to read.
std::int64_t state_size(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  if (layout.has(Fact::PyModuleObject_md_state_size))
    return load_ssize(object.body, layout[Fact::PyModuleObject_md_state_size]);
  if (!layout.has(Fact::PyModuleObject_md_def)) return 0;
  const Address def = load_pointer(object.body, layout[Fact::PyModuleObject_md_def]);
  if (def == 0) return 0;
  const std::byte* definition =
      decoders.mirror.at(def, static_cast<std::size_t>(layout[Fact::sizeof_PyModuleDef]));
  if (definition == nullptr) {
    decoders.unreadable(def);
    return 0;
  }
  return load_ssize(definition, layout[Fact::PyModuleDef_m_size]);
}

}  // namespace

void visit_module(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyModuleObject_md_state)) return;
  const Address state = load_pointer(object.body, layout[Fact::PyModuleObject_md_state]);
  if (state == 0) return;
  const std::int64_t size = std::min(state_size(object, decoders), kMostStateBytes);
  if (size <= 0) return;
  const std::byte* words = decoders.mirror.at(state, static_cast<std::size_t>(size));
  if (words == nullptr) return decoders.unreadable(state);
  const Address name = load_pointer(object.body, layout[Fact::PyModuleObject_md_name]);
  const auto known = layout.module_states.find(
      name == 0 ? std::string() : read_text(name, layout, decoders.mirror).value_or(""));
  const bool measured = known != layout.module_states.end() && known->second.size == size;
  for (std::int64_t at = 0; at + 8 <= size; at += 8) {
    const Address word = load_pointer(words, at);
    if (!looks_like_object(word, decoders)) continue;
    ReferenceKind kind = ReferenceKind::inferred;
    if (measured) {
      const auto among = [&](const std::vector<std::int32_t>& offsets) {
        return std::find(offsets.begin(), offsets.end(), at) != offsets.end();
      };
      if (among(known->second.borrowed)) continue;
      kind = among(known->second.shown) ? ReferenceKind::collector : ReferenceKind::owned;
    }
    sink.add(word, kind, FixedName::module_state);
  }
  if (measured && known->second.shows_type) {
    sink.add(object.type->address, ReferenceKind::collector, FixedName::type_);
  }
  if (measured && known->first == "_zoneinfo") visit_zoneinfo_cache(state, decoders, sink);
  if (measured && known->first == "atexit") visit_atexit_callbacks(state, decoders, sink);
  if (measured && known->first == "_decimal") visit_decimal_maps(state, decoders, sink);
}

}  // namespace heapglass
