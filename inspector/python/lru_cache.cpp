// functools.lru_cache (Modules/_functoolsmodule.c): where maxsize is set, a ring of elements in the
// order of use, which starts and ends in the cache itself. Elements are objects, held by the ring
// and by the cache's dict, but have no tp_traverse: lru_cache_tp_traverse shows what they hold, as
// if it were its own.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

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
    sink.add(element, ReferenceKind::owned, FixedName::element);
    sink.add(load_pointer(bytes, layout[Fact::lru_list_elem_key]), ReferenceKind::collector,
             LabelKind::key, 0);
    sink.add(load_pointer(bytes, layout[Fact::lru_list_elem_result]), ReferenceKind::collector,
             LabelKind::value, 0);
    const Address type = load_pointer(bytes, layout[Fact::PyObject_ob_type]);
    if (const TypeInfo* info = decoders.types.resolve(type); info != nullptr && info->heap) {
      sink.add(type, ReferenceKind::collector, FixedName::element_type);
    }
    before = element;
    element = load_pointer(bytes, layout[Fact::lru_list_elem_next]);
  }
}

}  // namespace heapglass
