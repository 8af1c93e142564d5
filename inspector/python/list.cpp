// Lists (Objects/listobject.c): ob_item points to a vector of `allocated` pointers, ob_size used.
#include "inspector/python/pointers.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_list(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const std::int64_t count = object.ob_size(layout);
  // While list.sort() runs the list is empty, with allocated -1.
  if (count > load_ssize(object.body, layout[Fact::PyListObject_allocated])) {
    if (count != 0) decoders.fault(Fault::absurd_size);
    return;
  }
  add_items(load_pointer(object.body, layout[Fact::PyListObject_ob_item]), count,
            ReferenceKind::collector, decoders, sink);
}

}  // namespace heapglass
