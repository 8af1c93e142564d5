#include "inspector/found.h"

#include <algorithm>
#include <array>

#include "inspector/python/bytes.h"

namespace heapglass {

namespace {

// _gc_prev has flags in its low bits (FINALIZED, COLLECTING); _gc_next may have one.
constexpr Address kFlags = 3;

}  // namespace

Worker::Worker(const Decoders& shared) : decoders(shared) { decoders.acquisition = &faults; }

void Marker::take(std::span<const Reference> references) {
  for (const Reference& reference : references) {
    const Cell cell = found_.cells.cell(reference.to);
    if (cell == kNoCell) {
      worker_.decoders.unreadable(reference.to);
    } else if (!found_.pooled.contains(cell)) {
      mark(cell);
    }
  }
}

CollectorLists::CollectorLists(const Runtime& runtime, const Layout& layout, bool gc_running)
    : layout_(layout),
      head_size_(static_cast<Address>(layout[Fact::sizeof_PyGC_Head])),
      check_links_(!gc_running) {
  for (const InterpreterState& state : runtime.interpreters) {
    heads_.insert(heads_.end(), state.generations.begin(), state.generations.end());
    heads_.push_back(state.permanent);
  }
  std::erase(heads_, Address{0});  // what a build does not have
  std::sort(heads_.begin(), heads_.end());
}

bool CollectorLists::is_head(Address node) const {
  return std::binary_search(heads_.begin(), heads_.end(), node);
}

// From `node` on, as far as nothing is known yet. A link into nowhere is told of the first alone:
// whatever holds another one is met itself.
void CollectorLists::follow(Address node, Fact direction, Found& found, Worker& worker) const {
  Marker marker(found, worker);
  for (bool first = true; !is_head(node); first = false) {
    const Cell cell = found.cells.cell(node + head_size_);
    const std::byte* links = worker.decoders.mirror.at(node, head_size_);
    if (cell == kNoCell || links == nullptr) {
      if (first && node != 0) worker.decoders.unreadable(node);
      return;
    }
    if (found.pooled.contains(cell) || !marker.mark(cell)) return;
    node = load_pointer(links, layout_[direction]) & ~kFlags;
  }
}

void CollectorLists::mark_heads(Found& found, Worker& worker) const {
  for (const Address head : heads_) {
    const std::byte* links = worker.decoders.mirror.at(head, head_size_);
    if (links == nullptr) worker.decoders.unreadable(head);
    if (links == nullptr || (check_links_ && !gc_links_agree(head, links, worker.decoders))) {
      worker.decoders.fault(Fault::broken_list);
    }
    if (links == nullptr) continue;
    for (const Fact direction : {Fact::PyGC_Head__gc_next, Fact::PyGC_Head__gc_prev}) {
      follow(load_pointer(links, layout_[direction]) & ~kFlags, direction, found, worker);
    }
  }
}

void CollectorLists::mark_neighbours(const std::byte* links, Found& found, Worker& worker) const {
  const Address next = load_pointer(links, layout_[Fact::PyGC_Head__gc_next]) & ~kFlags;
  const Address prev = load_pointer(links, layout_[Fact::PyGC_Head__gc_prev]) & ~kFlags;
  if (next == 0) return;  // in no list
  const auto in_pool = [&](Address neighbour) {
    const Cell cell = found.cells.cell(neighbour + head_size_);
    return cell != kNoCell && found.pooled.contains(cell);
  };
  if (!in_pool(next)) follow(next, Fact::PyGC_Head__gc_next, found, worker);
  if (check_links_ && !in_pool(prev)) follow(prev, Fact::PyGC_Head__gc_prev, found, worker);
}

}  // namespace heapglass
