#include "inspector/analysis/garbage.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <vector>

#include "inspector/graph/edge.h"
#include "inspector/workers.h"

namespace heapglass {

namespace {

constexpr std::size_t kWordsATask = 1 << 12;

// work(begin, end) for ranges of words of `set`, on all processors.
template <class Work>
void in_parallel(const IdSet& set, Work work) {
  const std::size_t tasks = (set.words() + kWordsATask - 1) / kWordsATask;
  run_tasks(tasks, worker_count(), [&](std::size_t, std::size_t task) {
    work(task * kWordsATask, std::min(set.words(), (task + 1) * kWordsATask));
  });
}

IdSet candidates_of(const HeapGraph& graph) {
  IdSet candidates(graph.size());
  in_parallel(candidates, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin * IdSet::kWord; i < std::min(graph.size(), end * IdSet::kWord);
         ++i) {
      constexpr std::uint8_t kAside = HeapGraph::kFrozen | HeapGraph::kImmortal;
      const std::uint8_t flags = graph.flags[i];
      if ((flags & HeapGraph::kTracked) && !(flags & kAside)) candidates.insert(i);
    }
  });
  return candidates;
}

// take(to) for each reference to a candidate that tp_traverse shows.
template <class Take>
void for_each_shown(const HeapGraph& graph, std::size_t from, const IdSet& candidates, Take take) {
  for (std::uint64_t r = graph.reference_begin[from]; r < graph.reference_begin[from + 1]; ++r) {
    const std::size_t to = index(graph.reference_to[r]);
    if (candidates.has(to) && is_shown(edge_kind(graph.edge[r]))) take(to);
  }
}

// The same without those that no count knows of (_PyGC_VisitStackRef): they keep alive what they
// lead to, once their holder is, and are subtracted from nothing.
template <class Take>
void for_each_counted(const HeapGraph& graph, std::size_t from, const IdSet& candidates,
                      Take take) {
  for (std::uint64_t r = graph.reference_begin[from]; r < graph.reference_begin[from + 1]; ++r) {
    const std::size_t to = index(graph.reference_to[r]);
    if (candidates.has(to) && edge_kind(graph.edge[r]) == ReferenceKind::collector) take(to);
  }
}

// Which candidates are held from outside of them: their counts without each other's references, or
// a running frame, which may hold without counting.
IdSet held_from_outside(const HeapGraph& graph, const IdSet& candidates) {
  BigVector<std::int32_t> rest(graph.size());
  in_parallel(candidates, [&](std::size_t begin, std::size_t end) {
    candidates.for_each(begin, end, [&](std::size_t i) {
      constexpr std::uint32_t kMost = std::numeric_limits<std::int32_t>::max();
      rest[i] = static_cast<std::int32_t>(std::min(graph.refcount[i], kMost));
    });
  });
  in_parallel(candidates, [&](std::size_t begin, std::size_t end) {
    candidates.for_each(begin, end, [&](std::size_t i) {
      for_each_counted(graph, i, candidates, [&](std::size_t to) {
        std::atomic_ref(rest[to]).fetch_sub(1, std::memory_order_relaxed);
      });
    });
  });
  IdSet held(graph.size());
  in_parallel(candidates, [&](std::size_t begin, std::size_t end) {
    candidates.for_each(begin, end, [&](std::size_t i) {
      if (rest[i] > 0) held.insert(i);
    });
  });
  for (const Root& root : graph.roots) {
    const bool certain = root.kind == RootKind::frame && root.hold == RootHold::borrowed;
    if (certain && candidates.has(index(root.to))) held.insert(index(root.to));
  }
  return held;
}

// Adds to `reached` all candidates that its members lead to. Sweeps in the order of addresses, for
// as long as that finds much, read the references in order; the rest is followed one by one.
void reach(const HeapGraph& graph, const IdSet& candidates, IdSet& reached) {
  constexpr int kSweeps = 4;
  IdSet done(graph.size());
  const auto expand = [&](std::size_t i, auto&& met) {
    done.insert(i);
    for_each_shown(graph, i, candidates, [&](std::size_t to) {
      if (reached.has(to)) return;
      reached.insert(to);
      met(to);
    });
  };
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (std::size_t w = 0; w < reached.words(); ++w) {
      for (std::uint64_t left = reached.word(w) & ~done.word(w); left != 0;
           left = reached.word(w) & ~done.word(w)) {
        const auto b = static_cast<std::size_t>(std::countr_zero(left));
        expand(w * IdSet::kWord + b, [](std::size_t) {});
      }
    }
  }
  std::vector<std::uint32_t> waiting;
  for (std::size_t w = 0; w < reached.words(); ++w) {
    for (std::uint64_t left = reached.word(w) & ~done.word(w); left != 0; left &= left - 1) {
      waiting.push_back(static_cast<std::uint32_t>(
          w * IdSet::kWord + static_cast<std::size_t>(std::countr_zero(left))));
    }
  }
  while (!waiting.empty()) {
    const std::size_t i = waiting.back();
    waiting.pop_back();
    expand(i, [&](std::size_t to) { waiting.push_back(static_cast<std::uint32_t>(to)); });
  }
}

// How much of the garbage goes before it is counted: what only the frames of closed generators
// hold, and what only that holds. A count that falls to 0 frees its object.
std::uint64_t freed_by_closing(const HeapGraph& graph, const IdSet& garbage) {
  std::unordered_map<std::size_t, std::uint32_t> counts;
  std::vector<std::size_t> letting_go;
  garbage.for_each([&](std::size_t i) {
    if (graph.flags[i] & HeapGraph::kClosed) letting_go.push_back(i);
  });
  IdSet done(graph.size());
  for (const std::size_t i : letting_go) done.insert(i);
  std::uint64_t freed = 0;
  while (!letting_go.empty()) {
    const std::size_t i = letting_go.back();
    letting_go.pop_back();
    for_each_counted(graph, i, garbage, [&](std::size_t to) {
      std::uint32_t& count = counts.try_emplace(to, graph.refcount[to]).first->second;
      if (count == 0 || --count != 0) return;
      ++freed;
      if (!done.has(to)) letting_go.push_back(to);
    });
  }
  return freed;
}

std::uint64_t items_of_gc_garbage(const HeapGraph& graph) {
  std::uint64_t items = 0;
  for (const Root& root : graph.roots) {
    if (root.kind != RootKind::interpreter) continue;
    if (!graph.root_names[root.name].ends_with("gc.garbage")) continue;
    const std::size_t list = index(root.to);
    for (std::uint64_t r = graph.reference_begin[list]; r < graph.reference_begin[list + 1]; ++r) {
      items += edge_label(graph.edge[r]) == LabelKind::item ? 1 : 0;
    }
  }
  return items;
}

}  // namespace

Garbage find_garbage(const HeapGraph& graph, std::span<const WeakEntry> entries) {
  Garbage garbage;
  const IdSet candidates = candidates_of(graph);
  IdSet alive = held_from_outside(graph, candidates);
  reach(graph, candidates, alive);

  garbage.objects = IdSet(graph.size());
  for (std::size_t w = 0; w < candidates.words(); ++w) {
    garbage.objects.word(w) = candidates.word(w) & ~alive.word(w);
  }
  garbage.legacy = IdSet(graph.size());
  garbage.objects.for_each([&](std::size_t i) {
    ++garbage.count;
    garbage.bytes += graph.bytes[i];
    if (graph.types[index(graph.type[i])].finalizer == Finalizer::legacy) garbage.legacy.insert(i);
  });
  reach(graph, garbage.objects, garbage.legacy);
  garbage.legacy_count = garbage.legacy.count();
  garbage.collected = garbage.count - freed_by_closing(graph, garbage.objects);
  for (const WeakEntry& entry : entries) {
    // Its container alone holds it: garbage itself, it would not be called.
    const bool called = garbage.objects.has(entry.object) && !garbage.objects.has(entry.reference);
    if (called && graph.refcount[index(entry.reference)] == 1) ++garbage.collected;
  }
  garbage.kept = items_of_gc_garbage(graph);
  return garbage;
}

}  // namespace heapglass
