// What the iterators of itertools.tee share (Modules/itertoolsmodule.c, teedataobject): a chain of
// blocks of items read so far.
#include <algorithm>

#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_tee_data(const Object& object, const Decoders& decoders, Sink& sink) {
  constexpr std::int64_t kWord = sizeof(Address);
  const Layout& layout = decoders.layout;
  const std::int64_t begin = layout[Fact::teedataobject_values];
  const std::int64_t most = (object.type->basicsize - begin) / kWord;
  const auto count = load<std::int32_t>(object.body, layout[Fact::teedataobject_numread]);
  if (count < 0 || count > most) return decoders.fault(Fault::absurd_size);
  for (std::int64_t i = 0; i < count; ++i) {
    sink.add(load_pointer(object.body, begin + i * kWord), ReferenceKind::collector,
             LabelKind::item, static_cast<std::uint64_t>(i));
  }
}

}  // namespace heapglass
