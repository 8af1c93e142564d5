// collections.OrderedDict (Objects/odictobject.c): a dict, and a list of nodes that keeps the
// order. A node owns a second reference to its key, and odict_traverse shows it.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_odict(const Object& object, const Decoders& decoders, Sink& sink) {
  visit_dict(object, decoders, sink);
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyODictObject_od_first) || !layout.has(Fact::_odictnode_key)) return;
  const auto size = static_cast<std::size_t>(layout[Fact::sizeof__odictnode]);
  // As many nodes as entries; more of them is a loop. Nor is that number to be trusted: links that
  // agree both ways from the first on cannot lead back.
  std::int64_t left = load_ssize(object.body, layout[Fact::PyDictObject_ma_used]);
  Address node = load_pointer(object.body, layout[Fact::PyODictObject_od_first]);
  Address before = 0;
  for (; node != 0 && left > 0; --left) {
    const std::byte* bytes = decoders.mirror.at(node, size);
    if (bytes == nullptr) return decoders.unreadable(node);
    if (load_pointer(bytes, layout[Fact::_odictnode_prev]) != before) break;
    sink.add(load_pointer(bytes, layout[Fact::_odictnode_key]), ReferenceKind::collector,
             LabelKind::key, 0);
    before = node;
    node = load_pointer(bytes, layout[Fact::_odictnode_next]);
  }
  if (node != 0 || left != 0) decoders.fault(Fault::broken_chain);
}

}  // namespace heapglass
