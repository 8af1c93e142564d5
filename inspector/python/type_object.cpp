// Type objects (Objects/typeobject.c, type_traverse). The collector is shown only heap types; a
// static type's references are held all the same, and from 3.12 on its __dict__ and list of
// subclasses stand in the interpreter's state.
#include "inspector/python/bytes.h"
#include "inspector/python/dict_keys.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

void visit_heap_type(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const std::byte* body = decoders.mirror.at(
      object.address, static_cast<std::size_t>(layout[Fact::sizeof_PyHeapTypeObject]));
  if (body == nullptr) return decoders.unreadable(object.address);
  const auto shown = [&](Fact fact, FixedName name) {
    sink.add(load_pointer(body, layout[fact]), ReferenceKind::collector, name);
  };
  const auto hidden = [&](Fact fact, FixedName name) {
    sink.add(load_pointer(body, layout[fact]), ReferenceKind::owned, name);
  };
  shown(Fact::PyTypeObject_tp_dict, FixedName::dict);
  shown(Fact::PyTypeObject_tp_cache, FixedName::cache);
  shown(Fact::PyTypeObject_tp_mro, FixedName::mro);
  shown(Fact::PyTypeObject_tp_bases, FixedName::bases);
  shown(Fact::PyTypeObject_tp_base, FixedName::base);
  if (layout.has(Fact::PyHeapTypeObject_ht_module)) {
    shown(Fact::PyHeapTypeObject_ht_module, FixedName::module);
  }
  hidden(Fact::PyTypeObject_tp_subclasses, FixedName::subclasses);
  hidden(Fact::PyHeapTypeObject_ht_name, FixedName::name);
  hidden(Fact::PyHeapTypeObject_ht_qualname, FixedName::qualname);
  hidden(Fact::PyHeapTypeObject_ht_slots, FixedName::slots);

  // The attribute names that its instances share.
  const Address cached = load_pointer(body, layout[Fact::PyHeapTypeObject_ht_cached_keys]);
  if (cached == 0) return;
  const auto keys = read_dict_keys(cached, layout, decoders.mirror);
  if (!keys) return decoders.fault(Fault::bad_table);
  for (std::uint64_t i = 0; i < keys->entry_count; ++i) {
    sink.add(load_pointer(keys->entries + i * keys->entry_size, keys->key_offset),
             ReferenceKind::owned, FixedName::shared_key);
  }
}

// tp_base is borrowed where a static type's base is one too, and stands in tp_bases anyway.
void visit_static_type(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const auto hidden = [&](const std::byte* bytes, Fact fact, FixedName name) {
    sink.add(load_pointer(bytes, layout[fact]), ReferenceKind::owned, name);
  };
  hidden(object.body, Fact::PyTypeObject_tp_mro, FixedName::mro);
  hidden(object.body, Fact::PyTypeObject_tp_bases, FixedName::bases);
  if (layout.dialects.static_types == StaticTypes::own ||
      !(load<std::uint64_t>(object.body, layout[Fact::PyTypeObject_tp_flags]) &
        TypeTable::kStaticBuiltin)) {
    hidden(object.body, Fact::PyTypeObject_tp_dict, FixedName::dict);
    hidden(object.body, Fact::PyTypeObject_tp_cache, FixedName::cache);
    hidden(object.body, Fact::PyTypeObject_tp_subclasses, FixedName::subclasses);
    return;
  }
  // managed_static_type_index_get: tp_subclasses holds index + 1, in the one table or the other.
  const auto number = load<std::uint64_t>(object.body, layout[Fact::PyTypeObject_tp_subclasses]);
  const auto size = static_cast<std::uint64_t>(layout[Fact::sizeof_managed_static_type_state]);
  for (const AddressRange& states : decoders.static_type_states) {
    if (number == 0 || number > states.size() / size) continue;
    const std::byte* state =
        decoders.mirror.at(states.begin + (number - 1) * size, static_cast<std::size_t>(size));
    if (state == nullptr) continue;
    if (load_pointer(state, layout[Fact::managed_static_type_state_type]) != object.address)
      continue;
    hidden(state, Fact::managed_static_type_state_tp_dict, FixedName::dict);
    hidden(state, Fact::managed_static_type_state_tp_subclasses, FixedName::subclasses);
  }
}

}  // namespace

void visit_type(const Object& object, const Decoders& decoders, Sink& sink) {
  const auto flags = load<std::uint64_t>(object.body, decoders.layout[Fact::PyTypeObject_tp_flags]);
  if (flags & TypeTable::kHeapType) {
    visit_heap_type(object, decoders, sink);
  } else {
    visit_static_type(object, decoders, sink);
  }
}

}  // namespace heapglass
