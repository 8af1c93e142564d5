// datetime.time and datetime.datetime (Modules/_datetimemodule.c): without hastzinfo the struct
// ends before tzinfo. Neither is collectable.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_zoned(const Object& object, const Decoders& decoders, Sink& sink, Fact hastzinfo,
                 Fact tzinfo) {
  const Layout& layout = decoders.layout;
  if (load<std::uint8_t>(object.body, layout[hastzinfo]) == 0) return;
  sink.add(load_pointer(object.body, layout[tzinfo]), ReferenceKind::owned, FixedName::tzinfo);
}

}  // namespace heapglass
