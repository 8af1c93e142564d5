// Types of ctypes (Modules/_ctypes/_ctypes.c, CDataType_traverse): what they point to or are arrays
// of is a field of their dict, which is a StgDict; it is told with the type, since most types show
// it.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_ctypes_type(const Object& object, const Decoders& decoders, Sink& sink) {
  visit_type(object, decoders, sink);
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::StgDictObject_proto)) return;
  const Address dict = load_pointer(object.body, layout[Fact::PyTypeObject_tp_dict]);
  const auto known = dict == 0 ? std::nullopt : open_object(dict, decoders);
  if (!known || known->type->shape != Shape::ctypes_dict) return;
  const bool shown = object.type->shape == Shape::ctypes_type &&
                     (load<std::uint64_t>(object.body, layout[Fact::PyTypeObject_tp_flags]) &
                      TypeTable::kHeapType);
  sink.add(load_pointer(known->body, layout[Fact::StgDictObject_proto]),
           shown ? ReferenceKind::collector : ReferenceKind::owned, FixedName::type_);
}

}  // namespace heapglass
