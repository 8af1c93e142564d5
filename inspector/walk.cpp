#include "inspector/walk.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>

#include "inspector/python/bytes.h"
#include "inspector/python/collector_lists.h"
#include "inspector/python/size.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

constexpr std::size_t kObjectsBetweenLooks = 1 << 16;  // at the stop token and the progress line

constexpr std::size_t kObjectsWorthASweep = 1 << 14;

void look_up(const Run& run, std::string_view phase, double fraction) {
  if (run.stopping()) throw Interrupted{run.interrupted->load()};
  run.report(phase, fraction);
}

// Marks what references point to; remembers what lies behind the sweep.
class Marker {
 public:
  Marker(ObjectSet& found, const Decoders& decoders, bool collector_only)
      : found_(found), decoders_(decoders), collector_only_(collector_only) {}

  void take(std::span<const Reference> references) {
    for (const Reference& reference : references) {
      if (collector_only_ && reference.kind == ReferenceKind::owned) continue;
      const auto place = found_.place(reference.to);
      if (!place) {
        decoders_.unreadable(reference.to);
        continue;
      }
      if (found_.insert(*place) && *place < position) behind.push_back(*place);
    }
  }

  ObjectSet::Place position;  // of the sweep
  std::vector<ObjectSet::Place> behind;

 private:
  ObjectSet& found_;
  const Decoders& decoders_;
  bool collector_only_;
};

}  // namespace

ObjectSet discover(const Runtime& runtime, const Decoders& decoders, const WalkOptions& options,
                   const Run& run) {
  ObjectSet found(decoders.mirror);
  for (const InterpreterState& state : runtime.interpreters) {
    for (const Address head : state.generations) walk_collector_list(head, decoders, found);
    // gc.get_objects() leaves out what gc.freeze() put aside.
    if (!options.collector_only) walk_collector_list(state.permanent, decoders, found);
  }

  Marker marker(found, decoders, options.collector_only);
  Sink sink(marker);
  std::vector<ObjectSet::Place> invalid;
  std::size_t visited = 0;
  const auto visit_at = [&](ObjectSet::Place place) {
    const auto object = open_object(found.address(place), decoders);
    if (!object) {
      invalid.push_back(place);
      return;
    }
    // gc.get_referents shows nothing of an object without a collector's header.
    if (!options.collector_only || has_gc_head(*object, decoders.layout)) {
      visit(*object, decoders, sink);
      sink.flush();
    }
    if (options.touch_sizes) size_of(*object, decoders);
    if (++visited % kObjectsBetweenLooks == 0) look_up(run, "finding objects", -1);
  };

  for (auto place = found.next({}); place; place = found.next({place->segment, place->bit + 1})) {
    marker.position = *place;
    visit_at(*place);
  }
  std::optional<ObjectSet> ordered;
  // Now everything counts as behind.
  marker.position = {std::numeric_limits<std::uint32_t>::max(), 0};
  while (!marker.behind.empty()) {
    std::vector<ObjectSet::Place> batch;
    batch.swap(marker.behind);
    // Many are put in order by a sweep over bits (two million in half the time of a sort); few, for
    // which looking at every word of the map would cost more, by a sort.
    if (batch.size() > std::max<std::size_t>(kObjectsWorthASweep, found.words() / 64)) {
      if (!ordered) ordered.emplace(decoders.mirror);
      for (const ObjectSet::Place place : batch) ordered->insert(place);
      batch = {};
      for (auto place = ordered->next({}); place; place = ordered->next(*place)) {
        ordered->erase(*place);
        visit_at(*place);
      }
    } else {
      std::sort(batch.begin(), batch.end());
      for (const ObjectSet::Place place : batch) visit_at(place);
    }
  }
  for (const ObjectSet::Place place : invalid) found.erase(place);
  found.number();
  return found;
}

namespace {

// Appends an object's references to the graph's rows, and counts what arrives where.
class Filler {
 public:
  Filler(HeapGraph& graph, const ObjectSet& objects, std::vector<std::uint32_t>& incoming)
      : graph_(graph), objects_(objects), incoming_(incoming) {}

  void take(std::span<const Reference> references) {
    for (const Reference& reference : references) {
      const auto to = objects_.id(reference.to);
      if (!to) continue;  // counted when it was looked for
      graph_.reference_to.push_back(*to);
      graph_.edge.push_back(edge_code(reference.kind, reference.label, reference.index));
      if (counted && reference.kind != ReferenceKind::inferred) ++incoming_[index(*to)];
    }
  }

  bool counted = true;  // whether the object now visited holds counted references

 private:
  HeapGraph& graph_;
  const ObjectSet& objects_;
  std::vector<std::uint32_t>& incoming_;
};

// An object that was made at compile time (Tools/build/deepfreeze.py, 3.11+): in the image of the
// file, with a count that never falls, and its own references were never counted.
bool deep_frozen(const RefcountValue& refcount, const Layout& layout) {
  constexpr std::int64_t kNearTheStart =
      999'000'000;  // 999999999: 3.11's _PyObject_IMMORTAL_REFCNT
  return layout.dialects.refcount == Refcount::signed64 ? refcount.count > kNearTheStart
                                                        : refcount.immortal;
}

// What of a type ends up in the acquisition: read conservatively, own __sizeof__.
void describe_types(const TypeTable& types, const std::vector<std::uint64_t>& counts,
                    Acquisition& acquisition) {
  constexpr std::size_t kMostNames = 20;
  std::vector<std::pair<std::uint64_t, std::string>> inferred;
  for (const TypeInfo& type : types.types()) {
    const std::uint64_t count = counts[type.id];
    if (count == 0) continue;
    if (type.own_sizeof) acquisition.own_sizeof.push_back(type.name);
    if (!type.inferred) continue;
    acquisition.inferred_objects += count;
    inferred.emplace_back(count, type.name);
  }
  std::sort(acquisition.own_sizeof.begin(), acquisition.own_sizeof.end());
  std::sort(inferred.begin(), inferred.end(), std::greater<>());
  for (std::size_t i = 0; i < std::min(inferred.size(), kMostNames); ++i) {
    acquisition.inferred_types.push_back(inferred[i].second);
  }
}

}  // namespace

HeapGraph build_graph(const ObjectSet& objects, const Decoders& decoders,
                      const WalkOptions& options, const Run& run) {
  HeapGraph graph;
  const std::size_t count = objects.size();
  graph.address.reserve(count);
  graph.type.reserve(count);
  graph.bytes.reserve(count);
  graph.footprint.reserve(count);
  graph.refcount.reserve(count);
  graph.flags.reserve(count);
  std::vector<std::uint32_t> incoming;
  if (options.references) {
    incoming.resize(count);
    graph.reference_begin.reserve(count + 1);
    graph.reference_begin.push_back(0);
  }
  Filler filler(graph, objects, incoming);
  Sink sink(filler);
  // Faults of references were counted when the objects were found; sizes are looked at only here.
  Decoders quiet = decoders;
  quiet.acquisition = nullptr;

  for (auto place = objects.next({}); place;
       place = objects.next({place->segment, place->bit + 1})) {
    const auto object = open_object(objects.address(*place), quiet);
    if (!object) continue;  // cannot be: discover() opened it
    const TypeInfo& type = *object->type;
    const ObjectSize size = size_of(*object, decoders);
    const RefcountValue refcount = refcount_of(object->body, decoders.layout);
    if (refcount.absurd) decoders.fault(Fault::bad_refcount);
    std::uint8_t flags = 0;
    if (has_gc_head(*object, decoders.layout)) flags |= HeapGraph::kCollectable;
    if (is_tracked(*object, decoders)) flags |= HeapGraph::kTracked;
    if (refcount.immortal) flags |= HeapGraph::kImmortal;
    if (type.inferred) flags |= HeapGraph::kInferred;
    if (type.own_sizeof) flags |= HeapGraph::kOwnSizeof;
    graph.address.push_back(object->address);
    graph.type.push_back(TypeId{type.id});
    graph.bytes.push_back(size.bytes);
    graph.footprint.push_back(size.footprint);
    graph.refcount.push_back(static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(refcount.count, 0, std::numeric_limits<std::uint32_t>::max())));
    graph.flags.push_back(flags);
    if (options.references) {
      filler.counted = !deep_frozen(refcount, decoders.layout);
      visit(*object, quiet, sink);
      sink.flush();
      graph.reference_begin.push_back(graph.reference_to.size());
    }
    if (graph.size() % kObjectsBetweenLooks == 0) {
      look_up(run, "reading objects",
              static_cast<double>(graph.size()) / static_cast<double>(count));
    }
  }

  std::vector<std::uint64_t> type_counts(decoders.types.types().size());
  for (const TypeId type : graph.type) ++type_counts[index(type)];
  for (const TypeInfo& type : decoders.types.types()) {
    graph.types.push_back({type.address, type.name, type.module});
  }
  graph.names = decoders.types.names().texts();
  if (Acquisition* acquisition = decoders.acquisition) {
    describe_types(decoders.types, type_counts, *acquisition);
    for (std::size_t i = 0; i < incoming.size(); ++i) {
      if (!(graph.flags[i] & HeapGraph::kImmortal) && incoming[i] > graph.refcount[i]) {
        ++acquisition->negative_counts;
      }
    }
  }
  return graph;
}

}  // namespace heapglass
