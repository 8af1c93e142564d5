#include "inspector/analysis/collector_closure.h"

#include "inspector/graph/edge.h"

namespace heapglass {

std::vector<bool> collector_closure(const HeapGraph& graph) {
  std::vector<bool> seen(graph.size());
  std::vector<std::uint32_t> waiting;
  const auto reach = [&](std::size_t i) {
    if (seen[i]) return;
    seen[i] = true;
    // gc.get_referents shows nothing of an object without a collector's header.
    if (graph.flags[i] & HeapGraph::kCollectable) waiting.push_back(static_cast<std::uint32_t>(i));
  };
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const std::uint8_t flags = graph.flags[i];
    if ((flags & HeapGraph::kTracked) && !(flags & HeapGraph::kFrozen)) reach(i);
  }
  while (!waiting.empty()) {
    const std::size_t i = waiting.back();
    waiting.pop_back();
    for (std::uint64_t r = graph.reference_begin[i]; r < graph.reference_begin[i + 1]; ++r) {
      if (edge_kind(graph.edge[r]) != ReferenceKind::owned) reach(index(graph.reference_to[r]));
    }
  }
  return seen;
}

}  // namespace heapglass
