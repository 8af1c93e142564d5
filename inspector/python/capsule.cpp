// Capsules (Objects/capsule.c): a pointer to what only C code knows. 3.13+ may be told a traversal
// for it; of the standard library _socket does that (Modules/socketmodule.c, sock_capi_traverse),
// and from 3.14 on _curses (Modules/_cursesmodule.c, curses_capi_traverse), for the tables of their
// C interfaces.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_capsule(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyCapsule_traverse_func) ||
      load_pointer(object.body, layout[Fact::PyCapsule_traverse_func]) == 0) {
    return;
  }
  constexpr std::string_view kSocket = "_socket.CAPI", kCurses = "_curses._C_API";
  const auto name = decoders.mirror.c_string(
      load_pointer(object.body, layout[Fact::PyCapsule_name]), kCurses.size() + 1);
  const Address table = load_pointer(object.body, layout[Fact::PyCapsule_pointer]);
  if (name == kCurses) {  // the type of windows, and functions
    const std::byte* first = decoders.mirror.at(table, sizeof(Address));
    if (first == nullptr) return decoders.unreadable(table);
    sink.add(load_pointer(first), ReferenceKind::collector, LabelKind::unnamed, 0);
    return;
  }
  if (name != kSocket) return;
  const std::byte* bytes = decoders.mirror.at(
      table, static_cast<std::size_t>(layout[Fact::sizeof_PySocketModule_APIObject]));
  if (bytes == nullptr) return decoders.unreadable(table);
  const auto add = [&](Fact field, ReferenceKind kind, FixedName name) {
    sink.add(load_pointer(bytes, layout[field]), kind, name);
  };
  add(Fact::PySocketModule_APIObject_Sock_Type, ReferenceKind::collector, FixedName::sock_type);
  add(Fact::PySocketModule_APIObject_error, ReferenceKind::owned, FixedName::error);
  add(Fact::PySocketModule_APIObject_timeout_error, ReferenceKind::owned, FixedName::timeout_error);
}

}  // namespace heapglass
