// xml.etree.ElementTree's C part and expat's parser (Modules/_elementtree.c, Modules/pyexpat.c).
#include "inspector/python/bytes.h"
#include "inspector/python/pointers.h"
#include "inspector/python/visit.h"

namespace heapglass {

// attrib and children stand in a block of their own once there are any.
void visit_element(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  // The lowest bit says that a list of pieces is still to be joined (JOIN_OBJ).
  const auto joined = [&](Fact fact) {
    return load_pointer(object.body, layout[fact]) & ~Address{1};
  };
  sink.add(joined(Fact::ElementObject_text), ReferenceKind::collector, FixedName::text);
  sink.add(joined(Fact::ElementObject_tail), ReferenceKind::collector, FixedName::tail);
  const Address extra = load_pointer(object.body, layout[Fact::ElementObject_extra]);
  if (extra == 0) return;
  const std::byte* bytes =
      decoders.mirror.at(extra, static_cast<std::size_t>(layout[Fact::sizeof_ElementObjectExtra]));
  if (bytes == nullptr) return decoders.unreadable(extra);
  sink.add(load_pointer(bytes, layout[Fact::ElementObjectExtra_attrib]), ReferenceKind::collector,
           FixedName::attrib);
  const std::int64_t count = load_ssize(bytes, layout[Fact::ElementObjectExtra_length]);
  if (count > load_ssize(bytes, layout[Fact::ElementObjectExtra_allocated])) {
    return decoders.fault(Fault::bad_table);
  }
  add_items(load_pointer(bytes, layout[Fact::ElementObjectExtra_children]), count,
            ReferenceKind::collector, decoders, sink);
}

// Where it is in the tree: {parent, child_index} for each level.
void visit_element_iterator(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  add_items(load_pointer(object.body, layout[Fact::ElementIterObject_parent_stack]) +
                static_cast<Address>(layout[Fact::ParentLocator_t_parent]),
            load_ssize(object.body, layout[Fact::ElementIterObject_parent_stack_used]),
            ReferenceKind::collector, decoders, sink, layout[Fact::sizeof_ParentLocator_t],
            FixedName::parent);
}

void visit_xml_parser(const Object& object, const Decoders& decoders, Sink& sink) {
  const Address handlers =
      load_pointer(object.body, decoders.layout[Fact::xmlparseobject_handlers]);
  if (handlers == 0) return;
  const auto first = static_cast<std::uint64_t>(FixedName::first_handler);
  const auto count = static_cast<std::uint64_t>(FixedName::handlers_end) - first;
  const std::byte* bytes = decoders.mirror.at(handlers, count * sizeof(Address));
  if (bytes == nullptr) return decoders.unreadable(handlers);
  for (std::uint64_t i = 0; i < count; ++i) {
    sink.add(load_pointer(bytes, static_cast<std::int64_t>(i * sizeof(Address))),
             ReferenceKind::collector, static_cast<FixedName>(first + i));
  }
}

}  // namespace heapglass
