// collections.deque (Modules/_collectionsmodule.c): a doubly linked list of blocks of 64 pointers,
// used from leftindex of the first to rightindex of the last.
#include <algorithm>

#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_deque(const Object& object, const Decoders& decoders, Sink& sink) {
  constexpr std::int64_t kWord = sizeof(Address);
  const Layout& layout = decoders.layout;
  const std::int64_t count = object.ob_size(layout);
  const auto block_bytes = static_cast<std::size_t>(layout[Fact::sizeof_block]);
  const std::int64_t block_items =
      (layout[Fact::block_rightlink] - layout[Fact::block_data]) / kWord;
  const Address first = load_pointer(object.body, layout[Fact::dequeobject_leftblock]);
  std::int64_t at = load_ssize(object.body, layout[Fact::dequeobject_leftindex]);
  // An empty deque has its indices crossed in the middle of one block.
  if (count < 0 || at < 0 || at > block_items) return decoders.fault(Fault::bad_table);

  Address block = first;
  Address before = 0;
  for (std::int64_t item = 0; item < count;) {
    const std::byte* bytes = decoders.mirror.at(block, block_bytes);
    if (bytes == nullptr) return decoders.unreadable(block);
    // Links agree both ways and the first block is not met again: then no block is met twice.
    if (before != 0 &&
        (block == first || load_pointer(bytes, layout[Fact::block_leftlink]) != before)) {
      return decoders.fault(Fault::broken_chain);
    }
    const std::int64_t end = std::min(block_items, at + count - item);
    for (; at < end; ++at, ++item) {
      sink.add(load_pointer(bytes, layout[Fact::block_data] + at * kWord), ReferenceKind::collector,
               LabelKind::item, static_cast<std::uint64_t>(item));
    }
    at = 0;
    before = block;
    block = load_pointer(bytes, layout[Fact::block_rightlink]);
  }
  if (count > 0 && before != load_pointer(object.body, layout[Fact::dequeobject_rightblock])) {
    decoders.fault(Fault::bad_table);
  }
}

}  // namespace heapglass
