#include "inspector/count_references.h"

#include <algorithm>

#include "inspector/graph/edge.h"
#include "inspector/reference_rows.h"
#include "inspector/workers.h"

namespace heapglass {

namespace {

constexpr std::size_t kObjectsATask = 1 << 16;
std::size_t object_tasks(const HeapGraph& graph) {
  return (graph.size() + kObjectsATask - 1) / kObjectsATask;
}
std::size_t first_object(const HeapGraph& graph, std::size_t task) {
  return std::min(graph.size(), task * kObjectsATask);
}

}  // namespace

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
        } else if (!uncounted && is_counted(edge_kind(graph.edge[r]))) {
          const std::atomic_ref count(incoming.count[index(to)]);
          count.fetch_add(1, std::memory_order_relaxed);
        }
      }
    }
  });
  for (const Root& root : graph.roots) {
    if (root.hold == RootHold::owned) ++incoming.count[index(root.to)];
  }
}

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

std::uint64_t count_negative_of_reached(const HeapGraph& graph) {
  std::vector<bool> reached(graph.size());
  std::vector<std::uint32_t> found(graph.size());
  std::vector<ObjectId> to_do;
  const auto reach = [&](ObjectId object) {
    if (reached[index(object)]) return;
    reached[index(object)] = true;
    to_do.push_back(object);
  };
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (graph.flags[i] & HeapGraph::kTracked) reach(static_cast<ObjectId>(i));
  }
  for (const Root& root : graph.roots) {
    if (root.hold == RootHold::inferred) continue;
    if (root.hold == RootHold::owned) ++found[index(root.to)];
    reach(root.to);
  }
  while (!to_do.empty()) {
    const std::size_t i = index(to_do.back());
    to_do.pop_back();
    for (std::uint64_t r = graph.reference_begin[i]; r < graph.reference_begin[i + 1]; ++r) {
      const ReferenceKind kind = edge_kind(graph.edge[r]);
      if (kind == ReferenceKind::inferred) continue;
      const ObjectId to = graph.reference_to[r];
      if (is_counted(kind) && !(graph.flags[i] & HeapGraph::kUncounted)) ++found[index(to)];
      reach(to);
    }
  }
  std::uint64_t negative = 0;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (!(graph.flags[i] & HeapGraph::kImmortal) && found[i] > graph.refcount[i]) ++negative;
  }
  return negative;
}

}  // namespace heapglass
