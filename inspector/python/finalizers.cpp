#include "inspector/python/finalizers.h"

#include "inspector/python/bytes.h"

namespace heapglass {

namespace {

Finalizer finalizer_of(const TypeInfo& type, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const auto slot = [&](const TypeInfo& of, Fact fact) {
    const std::byte* body =
        decoders.mirror.at(of.address, static_cast<std::size_t>(layout[Fact::sizeof_PyTypeObject]));
    return body == nullptr ? Address{0} : load_pointer(body, layout[fact]);
  };
  if (slot(type, Fact::PyTypeObject_tp_del) != 0) return Finalizer::legacy;
  const Address finalize = slot(type, Fact::PyTypeObject_tp_finalize);
  if (finalize == 0) return Finalizer::none;
  // A class inherits what its base in C has, unless __del__ is written in Python: then it has
  // slot_tp_finalize, which is local to typeobject.c.
  const bool inherited = type.traverses == nullptr ||
                         slot(*type.traverses, Fact::PyTypeObject_tp_finalize) == finalize;
  return inherited ? Finalizer::in_c : Finalizer::python;
}

}  // namespace

void find_finalizers(HeapGraph& graph, const Decoders& decoders) {
  for (TypeRecord& record : graph.types) {
    const TypeInfo* type = decoders.types.resolve(record.address);
    if (type == nullptr) continue;
    record.finalizer = finalizer_of(*type, decoders);
    record.is_class = type->is_type;
  }
}

}  // namespace heapglass
