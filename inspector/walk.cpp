#include "inspector/walk.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "inspector/count_references.h"
#include "inspector/found.h"
#include "inspector/python/bytes.h"
#include "inspector/python/size.h"
#include "inspector/python/thread_counts.h"
#include "inspector/python/visit.h"
#include "inspector/reference_rows.h"
#include "inspector/workers.h"

namespace heapglass {

namespace {

// Immortal, or (3.11) made at compile time with a count that never comes near 0: what such an
// object refers to was never counted (Tools/build/deepfreeze.py).
bool made_to_stay(const RefcountValue& refcount, const Layout& layout) {
  constexpr std::int64_t kNearTheStart =
      999'000'000;  // 999999999: 3.11's _PyObject_IMMORTAL_REFCNT
  return refcount.immortal ||
         (layout.dialects.refcount == Refcount::signed64 && refcount.count > kNearTheStart);
}

// Of 4 GiB and more: put when all is written (graph/size_column.h).
struct LargeSize {
  std::size_t id = 0;
  std::uint64_t bytes = 0, footprint = 0;
};
using LargeSizes = std::vector<LargeSize>;

void put_large(const std::vector<LargeSizes>& of_workers, HeapGraph& graph) {
  for (const LargeSizes& large : of_workers) {
    for (const LargeSize& size : large) {
      if (!graph.bytes.put(size.id, size.bytes)) graph.bytes.put_large(size.id, size.bytes);
      if (!graph.footprint.put(size.id, size.footprint)) {
        graph.footprint.put_large(size.id, size.footprint);
      }
    }
  }
}

void put_columns(HeapGraph& graph, std::size_t id, const Object& object, const Decoders& decoders,
                 LargeSizes& large) {
  const ObjectSize size = size_of(object, decoders);
  if (decoders.acquisition != nullptr) {
    const bool pooled = id < graph.pooled;
    decoders.acquisition->pool_bytes += size.pooled + (pooled ? size.block : 0);
  }
  const RefcountValue refcount = refcount_of(object.body, decoders.layout);
  if (refcount.absurd) decoders.fault(Fault::bad_refcount);
  std::uint8_t flags = 0;
  if (has_gc_head(object, decoders.layout)) {
    flags |= HeapGraph::kCollectable;
    if (is_tracked(object, decoders)) flags |= HeapGraph::kTracked;
    if (is_marked_frozen(object.body, decoders.layout)) flags |= HeapGraph::kFrozen;
  }
  if (object.type->inferred) flags |= HeapGraph::kInferred;
  if (object.type->own_sizeof) flags |= HeapGraph::kOwnSizeof;
  if (made_to_stay(refcount, decoders.layout))
    flags |= HeapGraph::kImmortal | HeapGraph::kUncounted;
  graph.address[id] = object.address;
  graph.type[id] = TypeId{object.type->id};
  const bool small = graph.bytes.put(id, size.bytes);
  if (!graph.footprint.put(id, size.footprint) || !small) {
    large.push_back({id, size.bytes, size.footprint});
  }
  graph.refcount[id] = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(refcount.count, 0, std::numeric_limits<std::uint32_t>::max()));
  graph.flags[id] = flags;
}

// A part of one segment, and which ids its objects have.
struct Range {
  const Mirror::Segment* segment = nullptr;
  Cell begin = 0, end = 0;
  std::size_t first = 0, last = 0;
};

double part(std::size_t task, const std::vector<Range>& ranges) {
  return static_cast<double>(task) / static_cast<double>(ranges.size());
}

std::vector<Range> ranges_of(const ObjectSet& objects, const Cells& cells, const Mirror& mirror) {
  constexpr Cell kCellsARange = (4 << 20) / Cells::kBytes;
  std::vector<Range> ranges;
  const auto rank = [&](Cell cell) {
    return cell < cells.count() ? objects.rank(cell) : objects.end_id();
  };
  for (const Mirror::Segment& segment : mirror.segments()) {
    if (segment.data == nullptr) continue;
    const Cell begin = cells.cell(segment.range.begin);
    const Cell end = begin + (segment.range.size() + Cells::kBytes - 1) / Cells::kBytes;
    for (Cell at = begin; at < end; at += kCellsARange) {
      const Range range{&segment, at, std::min(at + kCellsARange, end), rank(at),
                        rank(std::min(at + kCellsARange, end))};
      if (range.first != range.last) ranges.push_back(range);
    }
  }
  return ranges;
}

// Calls `take(id, object)` for the objects of a range.
template <class Take>
void for_each_object(const Range& range, const ObjectSet& objects, const Cells& cells,
                     const Decoders& decoders, Take take) {
  const Layout& layout = decoders.layout;
  const Cell segment_begin = cells.cell(range.segment->range.begin);
  std::size_t id = range.first;
  for (Cell cell = objects.next(range.begin, range.end); cell != kNoCell;
       cell = objects.next(cell + 1, range.end), ++id) {
    const std::uint64_t offset = (cell - segment_begin) * Cells::kBytes;
    const std::byte* body = range.segment->data + offset;
    // There is one: it was looked at when the object was found.
    const TypeInfo* type =
        decoders.types.resolve(load_pointer(body, layout[Fact::PyObject_ob_type]));
    if (type != nullptr) take(id, Object{range.segment->range.begin + offset, body, type});
  }
}

void resize_columns(HeapGraph& graph, std::size_t objects) {
  // The rest will be few, or the whole heap.
  const std::size_t room = objects + objects / 4;
  const auto resize = [&](auto& column) {
    if (column.capacity() < objects) column.reserve(room);
    column.resize(objects);
  };
  resize(graph.address);
  resize(graph.type);
  resize(graph.bytes);
  resize(graph.footprint);
  resize(graph.refcount);
  resize(graph.flags);
  if (graph.reference_begin.capacity() < objects + 1) graph.reference_begin.reserve(room + 1);
  graph.reference_begin.resize(objects + 1);
}

// Writes the columns and references of all objects of a set.
void write_pooled(const CollectorLists& lists, Found& found, HeapGraph& graph, RowOrder& order,
                  Workers& workers, const Run& run) {
  resize_columns(graph, found.pooled.size());
  graph.reference_begin[0] = 0;
  // More than most heaps have: room costs nothing, to move what was written would.
  constexpr std::size_t kReferencesAnObject = 4;
  graph.reference_to.reserve(found.pooled.size() * kReferencesAnObject);
  graph.edge.reserve(found.pooled.size() * kReferencesAnObject);
  const std::vector<Range> ranges =
      ranges_of(found.pooled, found.cells, workers.front().decoders.mirror);
  std::vector<Rows> rows(workers.size());
  std::vector<LargeSizes> large(workers.size());
  run_tasks(ranges.size(), workers.size(), [&](std::size_t number, std::size_t task) {
    look_up(run, number, "reading objects", part(task, ranges));
    Worker& worker = workers[number];
    Marker marker(found, worker);
    RowWriter writer(found, worker.decoders, &marker, rows[number]);
    Sink sink(writer);
    for_each_object(ranges[task], found.pooled, found.cells, worker.decoders,
                    [&](std::size_t id, const Object& object) {
                      put_columns(graph, id, object, worker.decoders, large[number]);
                      visit(object, worker.decoders, sink);
                      graph.reference_begin[id + 1] = sink.added();
                      if (const std::byte* links = gc_links(object, worker.decoders)) {
                        lists.mark_neighbours(links, found, worker);
                      }
                    });
    sink.flush();
    order.add(task, ranges[task].first, ranges[task].last, rows[number]);
  });
  put_large(large, graph);
}

void write_others(Found& found, HeapGraph& graph, RowOrder& order, Workers& workers,
                  const Run& run) {
  resize_columns(graph, found.pooled.size() + found.others.size());
  const std::vector<Range> ranges =
      ranges_of(found.others, found.cells, workers.front().decoders.mirror);
  std::vector<Rows> rows(workers.size());
  std::vector<LargeSizes> large(workers.size());
  run_tasks(ranges.size(), workers.size(), [&](std::size_t number, std::size_t task) {
    look_up(run, number, "reading large objects", part(task, ranges));
    const Decoders& decoders = workers[number].decoders;
    // Faults of references were counted when these objects were found; sizes are seen only here.
    Decoders quiet = decoders;
    quiet.acquisition = nullptr;
    RowWriter writer(found, quiet, nullptr, rows[number]);
    Sink sink(writer);
    for_each_object(ranges[task], found.others, found.cells, decoders,
                    [&](std::size_t id, const Object& object) {
                      put_columns(graph, id, object, decoders, large[number]);
                      visit(object, quiet, sink);
                      graph.reference_begin[id + 1] = sink.added();
                    });
    sink.flush();
    order.add(task, ranges[task].first, ranges[task].last, rows[number]);
  });
  put_large(large, graph);
}

void put_roots(const RootSet& roots, const Found& found, HeapGraph& graph) {
  graph.root_names = roots.names;
  for (const RootReference& root : roots.references) {
    const auto to = found.id(found.cells.cell(root.to));
    if (to) graph.roots.push_back({*to, root.name, root.kind, root.hold, root.frame});
  }
  for (const Address dict : roots.uncounted) {
    const auto id = found.id(found.cells.cell(dict));
    if (id) graph.flags[index(*id)] |= HeapGraph::kUncounted;
  }
}

// What objects of a set count besides, in no object of their own.
void put_thread_counts(const Runtime& runtime, const Decoders& decoders, const Found& found,
                       HeapGraph& graph) {
  for (const auto& [address, count] : thread_counts(runtime, decoders)) {
    const auto id = found.id(found.cells.cell(address));
    if (!id || (graph.flags[index(*id)] & HeapGraph::kImmortal)) continue;
    std::uint32_t& all = graph.refcount[index(*id)];
    all = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(all + count, 0, std::numeric_limits<std::uint32_t>::max()));
  }
}

// What of a type ends up in the acquisition: read conservatively, own __sizeof__.
void describe_types(const std::vector<const TypeInfo*>& types,
                    const std::vector<std::uint64_t>& counts, Acquisition& acquisition) {
  constexpr std::size_t kMostNames = 20;
  std::vector<std::pair<std::uint64_t, std::string>> inferred;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (counts[i] == 0) continue;
    if (types[i]->own_sizeof) acquisition.own_sizeof.push_back(types[i]->name);
    if (!types[i]->inferred) continue;
    acquisition.inferred_objects += counts[i];
    inferred.emplace_back(counts[i], types[i]->name);
  }
  std::sort(acquisition.own_sizeof.begin(), acquisition.own_sizeof.end());
  std::sort(inferred.begin(), inferred.end(), std::greater<>());
  for (std::size_t i = 0; i < std::min(inferred.size(), kMostNames); ++i) {
    acquisition.inferred_types.push_back(inferred[i].second);
  }
}

// Types get numbers in address order, so that the same heap always gives the same graph.
std::vector<const TypeInfo*> sorted_types(const TypeTable& types) {
  std::vector<const TypeInfo*> sorted;
  for (const TypeInfo& type : types.types()) sorted.push_back(&type);
  std::sort(sorted.begin(), sorted.end(),
            [](const TypeInfo* a, const TypeInfo* b) { return a->address < b->address; });
  return sorted;
}

void mark_frozen(const Runtime& runtime, const Decoders& decoders, const Found& found,
                 HeapGraph& graph) {
  const Layout& layout = decoders.layout;
  if (layout.dialects.gc_head == GcHead::in_object) return;  // marked, put_columns() has seen it
  const auto size = static_cast<Address>(layout[Fact::sizeof_PyGC_Head]);
  for (const InterpreterState& state : runtime.interpreters) {
    std::size_t left = graph.size();
    const auto next = [&](Address node) {
      const std::byte* links = decoders.mirror.at(node, size);
      return links == nullptr ? 0
                              : load_pointer(links, layout[Fact::PyGC_Head__gc_next]) & ~Address{3};
    };
    for (Address node = state.permanent == 0 ? 0 : next(state.permanent);
         node != 0 && node != state.permanent && left != 0; node = next(node), --left) {
      const auto id = found.id(found.cells.cell(node + size));
      if (id) graph.flags[index(*id)] |= HeapGraph::kFrozen;
    }
  }
}

bool gc_running(const Decoders& decoders) {
  return decoders.acquisition != nullptr && decoders.acquisition->gc_running;
}

}  // namespace

HeapGraph walk(const Runtime& runtime, const std::vector<Arena>& arenas, const RootSet& roots,
               const Decoders& decoders, const Run& run) {
  HeapGraph graph;
  Found found(decoders.mirror);
  Workers workers = make_workers(decoders);
  const CollectorLists lists(runtime, decoders.layout, gc_running(decoders));

  find_pooled(used_pools(arenas, decoders), lists.check_links(), found, workers, run);
  graph.pooled = found.pooled.size();
  RowOrder pooled(graph, found.cells.count()), others(graph, found.cells.count());
  write_pooled(lists, found, graph, pooled, workers, run);
  find_others(lists, roots, false, found, workers, run);
  write_others(found, graph, others, workers, run);
  resolve_pending(pooled, found, graph, workers.size());

  put_roots(roots, found, graph);
  put_thread_counts(runtime, decoders, found, graph);
  Incoming incoming;
  count_incoming(graph, workers.size(), incoming);
  if (incoming.holes) drop_holes(graph);
  const std::vector<const TypeInfo*> types = sorted_types(decoders.types);
  for (const TypeInfo* type : types) {
    graph.types.push_back({type->address, type->name, type->module});
  }
  const CountSums counts = compare_counts(types, incoming, graph, workers.size());
  graph.names = decoders.types.names().texts();
  mark_frozen(runtime, decoders, found, graph);
  if (Acquisition* acquisition = decoders.acquisition) {
    for (const Worker& worker : workers) acquisition->add(worker.faults);
    describe_types(types, counts.objects, *acquisition);
    acquisition->negative_counts = counts.negative;
    if (counts.counted != 0) {
      acquisition->references_percent =
          100.0 * static_cast<double>(counts.matched) / static_cast<double>(counts.counted);
    }
  }
  return graph;
}

void touch_heap(const Runtime& runtime, const std::vector<Arena>& arenas, const RootSet& roots,
                const Decoders& decoders, const Run& run) {
  Found found(decoders.mirror);
  Workers workers = make_workers(decoders);
  const CollectorLists lists(runtime, decoders.layout, gc_running(decoders));
  find_pooled(used_pools(arenas, decoders), lists.check_links(), found, workers, run);
  const std::vector<Range> ranges = ranges_of(found.pooled, found.cells, decoders.mirror);
  run_tasks(ranges.size(), workers.size(), [&](std::size_t number, std::size_t task) {
    look_up(run, number, "choosing pages", part(task, ranges));
    Worker& worker = workers[number];
    Marker marker(found, worker);
    Sink sink(marker);
    for_each_object(ranges[task], found.pooled, found.cells, worker.decoders,
                    [&](std::size_t, const Object& object) {
                      visit(object, worker.decoders, sink);
                      if (const std::byte* links = gc_links(object, worker.decoders)) {
                        lists.mark_neighbours(links, found, worker);
                      }
                      // Sizes look at tables that references do not: the blocks behind a str.
                      size_of(object, worker.decoders);
                    });
  });
  find_others(lists, roots, true, found, workers, run);
}

}  // namespace heapglass
