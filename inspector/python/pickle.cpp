// Memos and stacks of the C pickler and unpickler (Modules/_pickle.c).
#include "inspector/python/bytes.h"
#include "inspector/python/pointers.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

// bpo-41422: since then tp_traverse shows the memo.
ReferenceKind memo_kind(const Layout& layout) {
  return layout.since(Fact::since_pickle_memo_shown) ? ReferenceKind::collector
                                                     : ReferenceKind::owned;
}

}  // namespace

// A hash table {me_key, me_value} of mt_allocated entries; only keys are objects.
void visit_pickler(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const Address memo = load_pointer(object.body, layout[Fact::PicklerObject_memo]);
  if (memo == 0) return;
  const std::byte* head =
      decoders.mirror.at(memo, static_cast<std::size_t>(layout[Fact::sizeof_PyMemoTable]));
  if (head == nullptr) return decoders.unreadable(memo);
  add_items(load_pointer(head, layout[Fact::PyMemoTable_mt_table]) +
                static_cast<Address>(layout[Fact::PyMemoEntry_me_key]),
            load_ssize(head, layout[Fact::PyMemoTable_mt_allocated]), memo_kind(layout), decoders,
            sink, layout[Fact::sizeof_PyMemoEntry], FixedName::memo);
}

void visit_unpickler(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const Address memo = load_pointer(object.body, layout[Fact::UnpicklerObject_memo]);
  if (memo == 0) return;
  add_items(memo, load_ssize(object.body, layout[Fact::UnpicklerObject_memo_size]),
            memo_kind(layout), decoders, sink, sizeof(Address), FixedName::memo);
}

void visit_pickle_stack(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  add_items(load_pointer(object.body, layout[Fact::Pdata_data]), object.ob_size(layout),
            object.type->has_gc ? ReferenceKind::collector : ReferenceKind::owned, decoders, sink);
}

}  // namespace heapglass
