#include "inspector/walk.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "inspector/found.h"
#include "inspector/python/bytes.h"
#include "inspector/python/size.h"
#include "inspector/python/visit.h"
#include "inspector/workers.h"
#include "symbols/failure.h"

namespace heapglass {

namespace {

using Workers = std::deque<Worker>;

void look_up(const Run& run, std::size_t worker, std::string_view phase, double fraction) {
  if (run.stopping()) throw Interrupted{run.interrupted->load()};
  if (worker == 0) run.report(phase, fraction);
}

double part(std::size_t task, std::size_t tasks) {
  return static_cast<double>(task) / static_cast<double>(tasks);
}

// --- Finding --------------------------------------------------------------------------------

void find_pooled(const std::vector<Pool>& pools, bool check_links, Found& found, Workers& workers,
                 const Run& run) {
  constexpr std::size_t kPoolsATask = 256;
  const std::size_t tasks = (pools.size() + kPoolsATask - 1) / kPoolsATask;
  run_tasks(tasks, workers.size(), [&](std::size_t worker, std::size_t task) {
    look_up(run, worker, "finding objects", part(task, tasks));
    const std::size_t end = std::min(pools.size(), (task + 1) * kPoolsATask);
    for (std::size_t i = task * kPoolsATask; i < end; ++i) {
      find_objects(pools[i], check_links, workers[worker].decoders, found.cells, found.pooled);
    }
  });
  found.pooled.number(0);
}

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

// The collector's header of an object, or null where it has none.
const std::byte* gc_links(const Object& object, const Decoders& decoders) {
  if (!has_gc_head(object, decoders.layout)) return nullptr;
  const auto size = static_cast<Address>(decoders.layout[Fact::sizeof_PyGC_Head]);
  return decoders.mirror.at(object.address - size, size);
}

void mark_roots(const RootSet& roots, Found& found, Worker& worker) {
  Marker marker(found, worker);
  for (const RootReference& root : roots.references) {
    const Cell cell = found.cells.cell(root.to);
    if (cell != kNoCell && !found.pooled.contains(cell)) marker.mark(cell);
  }
}

// Visits what was marked outside of the pools, round by round, until nothing new turns up.
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

// --- Writing --------------------------------------------------------------------------------

constexpr ObjectId kNoObject{std::numeric_limits<std::uint32_t>::max()};

// The references of a range of objects, before they stand in the graph.
struct Rows {
  std::vector<ObjectId> to;
  std::vector<std::uint32_t> edge;
  struct Pending {  // `to` of a reference to an object that has no id yet
    std::uint64_t reference = 0;
    Cell cell = 0;
  };
  std::vector<Pending> pending;
};

// Takes references into rows. What they lead to has an id already, or (`marker`) is marked. One
// that leads nowhere takes its place all the same, as kNoObject.
class RowWriter {
 public:
  RowWriter(const Found& found, const Decoders& decoders, Marker* marker, Rows& rows)
      : found_(found), decoders_(decoders), marker_(marker), rows_(rows) {}

  void take(std::span<const Reference> references) {
    // More than there are words to hold them: a vector that many objects claim for their own.
    if (rows_.to.size() > found_.cells.count()) throw_too_many();
    std::array<Cell, Sink::kBatch> cells;  // NOLINT(*-member-init): written before it is read
    for (std::size_t i = 0; i < references.size(); ++i) {
      cells[i] = found_.cells.cell(references[i].to);
      if (cells[i] != kNoCell) found_.pooled.prefetch(cells[i]);
    }
    for (std::size_t i = 0; i < references.size(); ++i) {
      const Reference& reference = references[i];
      rows_.to.push_back(target(cells[i], reference.to));
      rows_.edge.push_back(edge_code(reference.kind, reference.label, reference.index));
    }
  }
  [[noreturn]] static void throw_too_many() {
    throw Failure(Exit::incomplete,
                  "more references than the memory that was read has words: a damaged heap");
  }

 private:
  ObjectId target(Cell cell, Address to) {
    if (cell == kNoCell) {
      decoders_.unreadable(to);
      return kNoObject;
    }
    if (found_.pooled.contains(cell)) return ObjectId{found_.pooled.rank(cell)};
    if (marker_ == nullptr) return found_.others.id(cell).value_or(kNoObject);
    marker_->mark(cell);
    rows_.pending.push_back({rows_.to.size(), cell});
    return kNoObject;
  }

  const Found& found_;
  const Decoders& decoders_;
  Marker* marker_;
  Rows& rows_;
};

// Immortal, or (3.11) made at compile time with a count that never comes near 0: what such an
// object refers to was never counted (Tools/build/deepfreeze.py).
bool made_to_stay(const RefcountValue& refcount, const Layout& layout) {
  constexpr std::int64_t kNearTheStart =
      999'000'000;  // 999999999: 3.11's _PyObject_IMMORTAL_REFCNT
  return refcount.immortal ||
         (layout.dialects.refcount == Refcount::signed64 && refcount.count > kNearTheStart);
}

void put_columns(HeapGraph& graph, std::size_t id, const Object& object, const Decoders& decoders) {
  const ObjectSize size = size_of(object, decoders);
  const RefcountValue refcount = refcount_of(object.body, decoders.layout);
  if (refcount.absurd) decoders.fault(Fault::bad_refcount);
  std::uint8_t flags = 0;
  if (has_gc_head(object, decoders.layout)) {
    flags |= HeapGraph::kCollectable;
    if (is_tracked(object, decoders)) flags |= HeapGraph::kTracked;
  }
  if (object.type->inferred) flags |= HeapGraph::kInferred;
  if (object.type->own_sizeof) flags |= HeapGraph::kOwnSizeof;
  if (made_to_stay(refcount, decoders.layout))
    flags |= HeapGraph::kImmortal | HeapGraph::kUncounted;
  graph.address[id] = object.address;
  graph.type[id] = TypeId{object.type->id};
  graph.bytes[id] = size.bytes;
  graph.footprint[id] = size.footprint;
  graph.refcount[id] = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(refcount.count, 0, std::numeric_limits<std::uint32_t>::max()));
  graph.flags[id] = flags;
}

// Appends rows to the graph in the order of their objects, whatever the order in which they come.
class RowOrder {
 public:
  RowOrder(HeapGraph& graph, Cell words) : graph_(graph), words_(words) {}

  // Of task number `task`; its objects are [first, last), and reference_begin[i + 1] of each is
  // counted from the beginning of `rows` so far. `rows` is empty afterwards, and has room.
  void add(std::size_t task, std::size_t first, std::size_t last, Rows& rows) {
    const std::lock_guard lock(mutex_);
    if (task != next_) {
      waiting_.emplace(task, Waiting{first, last, std::exchange(rows, take_spare())});
      return;
    }
    append(first, last, rows);
    ++next_;
    for (auto at = waiting_.begin(); at != waiting_.end() && at->first == next_;
         at = waiting_.erase(at), ++next_) {
      append(at->second.first, at->second.last, at->second.rows);
      spare_.push_back(std::move(at->second.rows));
    }
  }

  // References that wait for the ids of what they lead to, by where their rows begin.
  std::vector<std::pair<std::uint64_t, std::vector<Rows::Pending>>> pending;

 private:
  struct Waiting {
    std::size_t first = 0, last = 0;
    Rows rows;
  };
  Rows take_spare() {
    if (spare_.empty()) return {};
    Rows rows = std::move(spare_.back());
    spare_.pop_back();
    return rows;
  }
  void append(std::size_t first, std::size_t last, Rows& rows) {
    const std::uint64_t base = graph_.reference_to.size();
    if (base > words_) RowWriter::throw_too_many();
    graph_.reference_to.insert(graph_.reference_to.end(), rows.to.begin(), rows.to.end());
    graph_.edge.insert(graph_.edge.end(), rows.edge.begin(), rows.edge.end());
    for (std::size_t i = first; i < last; ++i) graph_.reference_begin[i + 1] += base;
    if (!rows.pending.empty()) pending.emplace_back(base, std::move(rows.pending));
    rows.to.clear();
    rows.edge.clear();
    rows.pending.clear();
  }

  HeapGraph& graph_;
  Cell words_;
  std::mutex mutex_;
  std::size_t next_ = 0;
  std::map<std::size_t, Waiting> waiting_;
  std::vector<Rows> spare_;
};

// A part of one segment, and which ids its objects have.
struct Range {
  const Mirror::Segment* segment = nullptr;
  Cell begin = 0, end = 0;
  std::size_t first = 0, last = 0;
};

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
  run_tasks(ranges.size(), workers.size(), [&](std::size_t number, std::size_t task) {
    look_up(run, number, "reading objects", part(task, ranges.size()));
    Worker& worker = workers[number];
    Marker marker(found, worker);
    RowWriter writer(found, worker.decoders, &marker, rows[number]);
    Sink sink(writer);
    for_each_object(ranges[task], found.pooled, found.cells, worker.decoders,
                    [&](std::size_t id, const Object& object) {
                      put_columns(graph, id, object, worker.decoders);
                      visit(object, worker.decoders, sink);
                      graph.reference_begin[id + 1] = sink.added();
                      if (const std::byte* links = gc_links(object, worker.decoders)) {
                        lists.mark_neighbours(links, found, worker);
                      }
                    });
    sink.flush();
    order.add(task, ranges[task].first, ranges[task].last, rows[number]);
  });
}

void write_others(Found& found, HeapGraph& graph, RowOrder& order, Workers& workers,
                  const Run& run) {
  resize_columns(graph, found.pooled.size() + found.others.size());
  const std::vector<Range> ranges =
      ranges_of(found.others, found.cells, workers.front().decoders.mirror);
  std::vector<Rows> rows(workers.size());
  run_tasks(ranges.size(), workers.size(), [&](std::size_t number, std::size_t task) {
    look_up(run, number, "reading large objects", part(task, ranges.size()));
    const Decoders& decoders = workers[number].decoders;
    // Faults of references were counted when these objects were found; sizes are seen only here.
    Decoders quiet = decoders;
    quiet.acquisition = nullptr;
    RowWriter writer(found, quiet, nullptr, rows[number]);
    Sink sink(writer);
    for_each_object(ranges[task], found.others, found.cells, decoders,
                    [&](std::size_t id, const Object& object) {
                      put_columns(graph, id, object, decoders);
                      visit(object, quiet, sink);
                      graph.reference_begin[id + 1] = sink.added();
                    });
    sink.flush();
    order.add(task, ranges[task].first, ranges[task].last, rows[number]);
  });
}

// --- Finishing ------------------------------------------------------------------------------

void resolve_pending(const RowOrder& order, const Found& found, HeapGraph& graph,
                     std::size_t workers) {
  run_tasks(order.pending.size(), workers, [&](std::size_t, std::size_t task) {
    const auto& [base, references] = order.pending[task];
    for (const Rows::Pending& one : references) {
      graph.reference_to[base + one.reference] = found.others.id(one.cell).value_or(kNoObject);
    }
  });
}

// Takes out the references that lead to no object.
void drop_holes(HeapGraph& graph) {
  std::uint64_t kept = 0, reference = 0;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const std::uint64_t end = graph.reference_begin[i + 1];
    for (; reference < end; ++reference) {
      if (graph.reference_to[reference] == kNoObject) continue;
      graph.reference_to[kept] = graph.reference_to[reference];
      graph.edge[kept++] = graph.edge[reference];
    }
    graph.reference_begin[i + 1] = kept;
  }
  graph.reference_to.resize(kept);
  graph.edge.resize(kept);
}

void put_roots(const RootSet& roots, const Found& found, HeapGraph& graph) {
  graph.root_names = roots.names;
  for (const RootReference& root : roots.references) {
    const auto to = found.id(found.cells.cell(root.to));
    if (to) graph.roots.push_back({*to, root.name, root.kind, root.hold});
  }
  for (const Address dict : roots.uncounted) {
    const auto id = found.id(found.cells.cell(dict));
    if (id) graph.flags[index(*id)] |= HeapGraph::kUncounted;
  }
}

// How many references lead to each object that its count should have; and whether there are holes.
struct Incoming {
  BigVector<std::uint32_t> count;
  std::atomic<bool> holes = false;
};

constexpr std::size_t kObjectsATask = 1 << 16;
std::size_t object_tasks(const HeapGraph& graph) {
  return (graph.size() + kObjectsATask - 1) / kObjectsATask;
}
std::size_t first_object(const HeapGraph& graph, std::size_t task) {
  return std::min(graph.size(), task * kObjectsATask);
}

void count_incoming(const HeapGraph& graph, std::size_t workers, Incoming& incoming) {
  incoming.count.resize(graph.size());
  const std::size_t tasks = object_tasks(graph);
  run_tasks(tasks, workers, [&](std::size_t, std::size_t task) {
    for (std::size_t i = first_object(graph, task); i < first_object(graph, task + 1); ++i) {
      incoming.count[i] = 0;
    }
  });
  run_tasks(tasks, workers, [&](std::size_t, std::size_t task) {
    for (std::size_t i = first_object(graph, task); i < first_object(graph, task + 1); ++i) {
      const bool uncounted = graph.flags[i] & HeapGraph::kUncounted;
      for (std::uint64_t r = graph.reference_begin[i]; r < graph.reference_begin[i + 1]; ++r) {
        const ObjectId to = graph.reference_to[r];
        if (to == kNoObject) {
          incoming.holes = true;
        } else if (!uncounted && edge_kind(graph.edge[r]) != ReferenceKind::inferred) {
          const std::atomic_ref count(incoming.count[index(to)]);
          count.fetch_add(1, std::memory_order_relaxed);
        }
      }
    }
  });
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

// What the counts of all objects say of the references found.
struct CountSums {
  std::vector<std::uint64_t> objects;  // by new type number
  std::uint64_t negative = 0;
  std::uint64_t counted = 0, matched = 0;  // references: of all counts; of these, found
};

CountSums compare_counts(const std::vector<const TypeInfo*>& types, const Incoming& incoming,
                         HeapGraph& graph, std::size_t workers) {
  std::vector<TypeId> number(types.size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    number[types[i]->id] = TypeId{static_cast<std::uint32_t>(i)};
  }
  std::vector<CountSums> sums(workers);
  for (CountSums& sum : sums) sum.objects.resize(types.size());
  const std::size_t tasks = object_tasks(graph);
  run_tasks(tasks, workers, [&](std::size_t worker, std::size_t task) {
    CountSums& sum = sums[worker];
    for (std::size_t i = first_object(graph, task); i < first_object(graph, task + 1); ++i) {
      graph.type[i] = number[index(graph.type[i])];
      ++sum.objects[index(graph.type[i])];
      if (graph.flags[i] & HeapGraph::kImmortal) continue;
      const std::uint32_t found = incoming.count[i], count = graph.refcount[i];
      if (found > count) ++sum.negative;
      sum.counted += count;
      sum.matched += std::min(found, count);
    }
  });
  for (std::size_t worker = 1; worker < workers; ++worker) {
    for (std::size_t i = 0; i < types.size(); ++i) sums[0].objects[i] += sums[worker].objects[i];
    sums[0].negative += sums[worker].negative;
    sums[0].counted += sums[worker].counted;
    sums[0].matched += sums[worker].matched;
  }
  return sums[0];
}

void mark_frozen(const Runtime& runtime, const Decoders& decoders, const Found& found,
                 HeapGraph& graph) {
  const Layout& layout = decoders.layout;
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

Workers make_workers(const Decoders& decoders, std::size_t count) {
  Workers workers;
  for (std::size_t i = 0; i < count; ++i) workers.emplace_back(decoders);
  return workers;
}

bool gc_running(const Decoders& decoders) {
  return decoders.acquisition != nullptr && decoders.acquisition->gc_running;
}

}  // namespace

HeapGraph walk(const Runtime& runtime, const std::vector<Arena>& arenas, const RootSet& roots,
               const Decoders& decoders, const Run& run) {
  HeapGraph graph;
  Found found(decoders.mirror);
  Workers workers = make_workers(decoders, worker_count());
  const CollectorLists lists(runtime, decoders.layout, gc_running(decoders));

  find_pooled(used_pools(arenas, decoders), lists.check_links(), found, workers, run);
  graph.pooled = found.pooled.size();
  RowOrder pooled(graph, found.cells.count()), others(graph, found.cells.count());
  write_pooled(lists, found, graph, pooled, workers, run);
  find_others(lists, roots, false, found, workers, run);
  write_others(found, graph, others, workers, run);
  resolve_pending(pooled, found, graph, workers.size());

  put_roots(roots, found, graph);
  Incoming incoming;
  count_incoming(graph, workers.size(), incoming);
  for (const Root& root : graph.roots) {
    if (root.hold == RootHold::owned) ++incoming.count[index(root.to)];
  }
  if (incoming.holes) drop_holes(graph);
  const std::vector<const TypeInfo*> types = sorted_types(decoders.types);
  for (const TypeInfo* type : types) {
    graph.types.push_back({type->address, type->name, type->module});
  }
  const CountSums counts = compare_counts(types, incoming, graph, workers.size());
  graph.names = decoders.types.names().texts();
  mark_frozen(runtime, decoders, found, graph);
  if (Acquisition* acquisition = decoders.acquisition) {
    for (const Worker& worker : workers) acquisition->add_faults(worker.faults);
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
  Workers workers = make_workers(decoders, worker_count());
  const CollectorLists lists(runtime, decoders.layout, gc_running(decoders));
  find_pooled(used_pools(arenas, decoders), lists.check_links(), found, workers, run);
  const std::vector<Range> ranges = ranges_of(found.pooled, found.cells, decoders.mirror);
  run_tasks(ranges.size(), workers.size(), [&](std::size_t number, std::size_t task) {
    look_up(run, number, "choosing pages", part(task, ranges.size()));
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
