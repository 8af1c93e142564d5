#include "inspector/python/collector_lists.h"

#include "inspector/python/bytes.h"

namespace heapglass {

namespace {

// Along one direction. True if it came back to the head; false where a node is unreadable or was
// met before (a loop that leaves out the head, or two lists grown together).
bool follow(Address head, Fact direction, const Decoders& decoders, ObjectSet& found) {
  // _gc_prev has flags in its low bits (FINALIZED, COLLECTING); _gc_next may have one.
  constexpr Address kFlags = 3;
  const Layout& layout = decoders.layout;
  const auto size = static_cast<Address>(layout[Fact::sizeof_PyGC_Head]);
  const auto step = [&](Address node) -> Address {
    const std::byte* links = decoders.mirror.at(node, size);
    if (links == nullptr) {
      decoders.unreadable(node);
      return 0;
    }
    return load_pointer(links, layout[direction]) & ~kFlags;
  };
  for (Address node = step(head); node != head; node = step(node)) {
    if (node == 0) return false;
    const auto place = found.place(node + size);
    if (!place) {
      decoders.unreadable(node);
      return false;
    }
    if (!found.insert(*place)) return false;
  }
  return true;
}

}  // namespace

void walk_collector_list(Address head, const Decoders& decoders, ObjectSet& found) {
  if (head == 0) return;
  if (follow(head, Fact::PyGC_Head__gc_next, decoders, found)) return;
  decoders.fault(Fault::broken_list);
  follow(head, Fact::PyGC_Head__gc_prev, decoders, found);
}

}  // namespace heapglass
