// sqlite3.Connection (Modules/_sqlite/connection.c): callbacks stand in blocks {callable, module}
// (3.11+); before, isolation_level is an object, and statements are kept by a cache of its own.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_sqlite_connection(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::pysqlite_Connection_trace_ctx)) {
    sink.add(load_pointer(object.body, layout[Fact::pysqlite_Connection_isolation_level]),
             object.type->has_gc ? ReferenceKind::collector : ReferenceKind::owned,
             FixedName::isolation_level);
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

// Modules/_sqlite/cache.c, up to 3.10: its entries are objects in a doubly linked list, which owns
// them. The factory is borrowed where it is the connection that the cache belongs to.
void visit_sqlite_cache(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const ReferenceKind kind = object.type->has_gc ? ReferenceKind::collector : ReferenceKind::owned;
  if (load<std::int32_t>(object.body, layout[Fact::pysqlite_Cache_decref_factory]) != 0) {
    sink.add(load_pointer(object.body, layout[Fact::pysqlite_Cache_factory]), kind,
             FixedName::factory);
  }
  Address before = 0;
  Address node = load_pointer(object.body, layout[Fact::pysqlite_Cache_first]);
  while (node != 0) {
    const std::byte* bytes =
        decoders.mirror.at(node, static_cast<std::size_t>(layout[Fact::sizeof_pysqlite_Node]));
    if (bytes == nullptr) return decoders.unreadable(node);
    // Links that agree both ways cannot lead back into the list.
    if (load_pointer(bytes, layout[Fact::pysqlite_Node_prev]) != before) {
      return decoders.fault(Fault::broken_chain);
    }
    sink.add(node, kind, FixedName::element);
    before = node;
    node = load_pointer(bytes, layout[Fact::pysqlite_Node_next]);
  }
}

}  // namespace heapglass
