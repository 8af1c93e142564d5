// sqlite3.Connection (Modules/_sqlite/connection.c): callbacks stand in blocks {callable, module}
// (3.11+); before, isolation_level is an object.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_sqlite_connection(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::pysqlite_Connection_trace_ctx)) {
    sink.add(load_pointer(object.body, layout[Fact::pysqlite_Connection_isolation_level]),
             ReferenceKind::collector, FixedName::isolation_level);
    return;
  }
  for (const Fact field :
       {Fact::pysqlite_Connection_trace_ctx, Fact::pysqlite_Connection_progress_ctx,
        Fact::pysqlite_Connection_authorizer_ctx}) {
    const Address context = load_pointer(object.body, layout[field]);
    if (context == 0) continue;
    const std::byte* bytes = decoders.mirror.at(
        context, static_cast<std::size_t>(layout[Fact::sizeof__callback_context]));
    if (bytes == nullptr) {
      decoders.unreadable(context);
      continue;
    }
    sink.add(load_pointer(bytes, layout[Fact::_callback_context_callable]),
             ReferenceKind::collector, FixedName::callback);
    sink.add(load_pointer(bytes, layout[Fact::_callback_context_module]), ReferenceKind::collector,
             FixedName::module);
  }
}

}  // namespace heapglass
