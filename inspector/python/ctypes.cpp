// Types of ctypes (Modules/_ctypes/_ctypes.c): what they point to or are arrays of. Up to 3.12 that
// is a field of their dict, which is a StgDict (CDataType_traverse); it is told with the type,
// since most types show it. 3.13+ has it in a StgInfo behind the type itself (CType_Type_traverse).
#include <utility>

#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

const std::byte* stg_info(const Object& object, const Decoders& decoders) {
  constexpr Address kAlignment = 16;  // _PyStgInfo_FromType_NoState: ALIGNOF_MAX_ALIGN_T
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::sizeof_StgInfo)) return nullptr;
  const auto head = static_cast<Address>(layout[Fact::sizeof_PyHeapTypeObject]);
  const Address at = object.address + (head + kAlignment - 1) / kAlignment * kAlignment;
  const auto size = static_cast<std::size_t>(layout[Fact::sizeof_StgInfo]);
  const std::byte* info = decoders.mirror.at(at, size);
  if (info == nullptr) decoders.unreadable(at, size);
  return info;
}

void visit_ctypes_type(const Object& object, const Decoders& decoders, Sink& sink) {
  visit_type(object, decoders, sink);
  const Layout& layout = decoders.layout;
  if (layout.has(Fact::sizeof_StgInfo)) {
    const std::byte* info = stg_info(object, decoders);
    if (info == nullptr) return;
    for (const auto& [field, name] :
         {std::pair{Fact::StgInfo_proto, FixedName::type_},
          std::pair{Fact::StgInfo_argtypes, FixedName::argtypes},
          std::pair{Fact::StgInfo_converters, FixedName::converters},
          std::pair{Fact::StgInfo_restype, FixedName::restype},
          std::pair{Fact::StgInfo_checker, FixedName::checker},
          std::pair{Fact::StgInfo_module, FixedName::module},
          std::pair{Fact::StgInfo_pointer_type, FixedName::pointer_type}}) {
      if (!layout.has(field)) continue;
      sink.add(load_pointer(info, layout[field]), ReferenceKind::collector, name);
    }
    return;
  }
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
