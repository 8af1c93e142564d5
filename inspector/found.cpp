#include "inspector/found.h"

#include <algorithm>

#include "inspector/python/bytes.h"
#include "inspector/python/size.h"
#include "inspector/python/visit.h"
#include "inspector/workers.h"

namespace heapglass {

namespace {

// _gc_prev has flags in its low bits (FINALIZED, COLLECTING); _gc_next may have one.
constexpr Address kFlags = 3;

// In address order: to open objects as they were met costs three times as much.
std::vector<Cell> take_fresh(Workers& workers) {
  std::vector<Cell> all;
  for (Worker& worker : workers) {
    all.insert(all.end(), worker.fresh.begin(), worker.fresh.end());
    worker.fresh.clear();
  }
  std::sort(all.begin(), all.end());
  return all;
}

void mark_roots(const RootSet& roots, Found& found, Worker& worker) {
  Marker marker(found, worker);
  for (const RootReference& root : roots.references) {
    const Cell cell = found.cells.cell(root.to);
    if (cell != kNoCell && !found.pooled.contains(cell)) marker.mark(cell);
  }
}

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
      check_links_(!gc_running && layout.dialects.gc_head != GcHead::in_object) {
  if (layout.dialects.gc_head == GcHead::in_object) return;
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
  const Address next = next_in_list(links, layout_);
  const Address prev = load_pointer(links, layout_[Fact::PyGC_Head__gc_prev]) & ~kFlags;
  if (next == 0) return;  // in no list
  const auto in_pool = [&](Address neighbour) {
    const Cell cell = found.cells.cell(neighbour + head_size_);
    return cell != kNoCell && found.pooled.contains(cell);
  };
  if (!in_pool(next)) follow(next, Fact::PyGC_Head__gc_next, found, worker);
  if (check_links_ && !in_pool(prev)) follow(prev, Fact::PyGC_Head__gc_prev, found, worker);
}

Workers make_workers(const Decoders& decoders) {
  Workers workers;
  for (std::size_t i = 0; i < worker_count(); ++i) workers.emplace_back(decoders);
  return workers;
}

void look_up(const Run& run, std::size_t worker, std::string_view phase, double fraction) {
  if (run.stopping()) throw Interrupted{run.interrupted->load()};
  if (worker == 0) run.report(phase, fraction);
}

const std::byte* gc_links(const Object& object, const Decoders& decoders) {
  if (decoders.layout.dialects.gc_head == GcHead::in_object ||
      !has_gc_head(object, decoders.layout)) {
    return nullptr;
  }
  const auto size = static_cast<Address>(decoders.layout[Fact::sizeof_PyGC_Head]);
  return decoders.mirror.at(object.address - size, size);
}

void find_pooled(const std::vector<Pool>& pools, bool check_links, Found& found, Workers& workers,
                 const Run& run) {
  constexpr std::size_t kPoolsATask = 256;
  const std::size_t tasks = (pools.size() + kPoolsATask - 1) / kPoolsATask;
  run_tasks(tasks, workers.size(), [&](std::size_t worker, std::size_t task) {
    look_up(run, worker, "finding objects", static_cast<double>(task) / static_cast<double>(tasks));
    const std::size_t end = std::min(pools.size(), (task + 1) * kPoolsATask);
    for (std::size_t i = task * kPoolsATask; i < end; ++i) {
      find_objects(pools[i], check_links, workers[worker].decoders, found.cells, found.pooled);
    }
  });
  found.pooled.number(0);
}

void find_others(const CollectorLists& lists, const RootSet& roots, bool touch_sizes, Found& found,
                 Workers& workers, const Run& run) {
  constexpr std::size_t kObjectsATask = 4096;
  lists.mark_heads(found, workers.front());
  mark_roots(roots, found, workers.front());
  std::vector<std::vector<Cell>> invalid(workers.size());
  for (std::vector<Cell> round = take_fresh(workers); !round.empty(); round = take_fresh(workers)) {
    const std::size_t tasks = (round.size() + kObjectsATask - 1) / kObjectsATask;
    run_tasks(tasks, workers.size(), [&](std::size_t number, std::size_t task) {
      look_up(run, number, "finding large objects", -1);
      Worker& worker = workers[number];
      Marker marker(found, worker);
      Sink sink(marker);
      const std::size_t end = std::min(round.size(), (task + 1) * kObjectsATask);
      for (std::size_t i = task * kObjectsATask; i < end; ++i) {
        const auto object = open_object(found.cells.address(round[i]), worker.decoders);
        if (!object) {
          invalid[number].push_back(round[i]);
          continue;
        }
        visit(*object, worker.decoders, sink);
        if (const std::byte* links = gc_links(*object, worker.decoders)) {
          const auto head = static_cast<Address>(worker.decoders.layout[Fact::sizeof_PyGC_Head]);
          if (lists.check_links() &&
              !gc_links_agree(object->address - head, links, worker.decoders)) {
            worker.decoders.fault(Fault::broken_list);
          }
          lists.mark_neighbours(links, found, worker);
        }
        if (touch_sizes) size_of(*object, worker.decoders);
      }
    });
  }
  for (const std::vector<Cell>& cells : invalid) {
    for (const Cell cell : cells) found.others.erase(cell);
  }
  found.others.number(found.pooled.size());
}

}  // namespace heapglass
