// Compiled replacement templates (Modules/_sre/sre.c, template_traverse): ob_size of {index,
// literal}.
#include "inspector/python/pointers.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_template(const Object& object, const Decoders& decoders, Sink& sink) {
  add_items(
      object.address + static_cast<Address>(decoders.layout[Fact::TemplateObject_items_literal]),
      object.ob_size(decoders.layout), ReferenceKind::collector, decoders, sink,
      object.type->itemsize, FixedName::literal);
}

}  // namespace heapglass
