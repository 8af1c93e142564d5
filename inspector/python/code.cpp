// Code objects (Objects/codeobject.c): their fields are a row; here is the cache of the tuples that
// co_code, co_varnames, co_cellvars and co_freevars made (_PyCoCached, 3.12+).
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_code(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyCodeObject__co_cached)) return;
  const Address cached = load_pointer(object.body, layout[Fact::PyCodeObject__co_cached]);
  if (cached == 0) return;
  const std::byte* bytes =
      decoders.mirror.at(cached, static_cast<std::size_t>(layout[Fact::sizeof__PyCoCached]));
  if (bytes == nullptr) return decoders.unreadable(cached);
  const auto hidden = [&](Fact fact, FixedName name) {
    sink.add(load_pointer(bytes, layout[fact]), ReferenceKind::owned, name);
  };
  hidden(Fact::_PyCoCached__co_code, FixedName::co_code);
  hidden(Fact::_PyCoCached__co_varnames, FixedName::co_varnames);
  hidden(Fact::_PyCoCached__co_cellvars, FixedName::co_cellvars);
  hidden(Fact::_PyCoCached__co_freevars, FixedName::co_freevars);
}

}  // namespace heapglass
