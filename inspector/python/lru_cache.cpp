// functools.lru_cache (Modules/_functoolsmodule.c): where maxsize is set, a ring of elements in the
// order of use, which starts and ends in the cache itself. Elements are objects, held by the ring
// and by the cache's dict, but have no tp_traverse: lru_cache_tp_traverse shows what they hold, as
// if it were its own. Up to 3.6 they are the collector's objects like any other.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_lru_element(const Object& object, const Decoders& decoders, Sink& sink) {
  if (!object.type->has_gc) return;  // its cache shows what it holds, its type included
  const Layout& layout = decoders.layout;
  sink.add(load_pointer(object.body, layout[Fact::lru_list_elem_key]), ReferenceKind::collector,
           LabelKind::key, 0);
  sink.add(load_pointer(object.body, layout[Fact::lru_list_elem_result]), ReferenceKind::collector,
           LabelKind::value, 0);
}

void visit_lru_cache(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const auto size = static_cast<std::size_t>(layout[Fact::sizeof_lru_list_elem]);
  const std::int32_t root_offset = layout[Fact::lru_cache_object_root];
  const Address root = object.address + static_cast<Address>(root_offset);
  Address before = root;
  Address element = load_pointer(object.body, root_offset + layout[Fact::lru_list_elem_next]);
  while (element != root && element != 0) {
    const std::byte* bytes = decoders.mirror.at(element, size);
    if (bytes == nullptr) return decoders.unreadable(element);
    // Links that agree both ways cannot lead back into the ring.
    if (load_pointer(bytes, layout[Fact::lru_list_elem_prev]) != before) {
      return decoders.fault(Fault::broken_chain);
    }
    const TypeInfo* type =
        decoders.types.resolve(load_pointer(bytes, layout[Fact::PyObject_ob_type]));
    before = element;
    element = load_pointer(bytes, layout[Fact::lru_list_elem_next]);
    if (type != nullptr && type->has_gc) {
      sink.add(before, ReferenceKind::collector, FixedName::element);
      continue;
    }
    sink.add(before, ReferenceKind::owned, FixedName::element);
    sink.add(load_pointer(bytes, layout[Fact::lru_list_elem_key]), ReferenceKind::collector,
             LabelKind::key, 0);
    sink.add(load_pointer(bytes, layout[Fact::lru_list_elem_result]), ReferenceKind::collector,
             LabelKind::value, 0);
    if (type != nullptr && type->heap) {
      sink.add(type->address, ReferenceKind::collector, FixedName::element_type);
    }
  }
}

}  // namespace heapglass
