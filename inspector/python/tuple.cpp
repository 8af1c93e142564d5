// Tuples and what has their layout (Objects/tupleobject.c, Objects/structseq.c).
#include <algorithm>

#include "inspector/python/pointers.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

void visit_items(const Object& object, std::int64_t count, const Decoders& decoders, Sink& sink) {
  const auto offset = static_cast<Address>(decoders.layout[Fact::PyTupleObject_ob_item]);
  add_items(object.address + offset, count, ReferenceKind::collector, decoders, sink);
}

}  // namespace

void visit_tuple(const Object& object, const Decoders& decoders, Sink& sink) {
  visit_items(object, object.ob_size(decoders.layout), decoders, sink);
}

// A structseq (os.stat_result) has fields behind ob_size that it shows by name only
// (structseq_traverse goes by REAL_SIZE).
void visit_structseq(const Object& object, const Decoders& decoders, Sink& sink) {
  visit_items(object, std::max(object.ob_size(decoders.layout), object.type->struct_fields),
              decoders, sink);
}

}  // namespace heapglass
