#include "inspector/reference_rows.h"

#include "inspector/workers.h"

namespace heapglass {

void resolve_pending(const RowOrder& order, const Found& found, HeapGraph& graph,
                     std::size_t workers) {
  run_tasks(order.pending.size(), workers, [&](std::size_t, std::size_t task) {
    const auto& [base, references] = order.pending[task];
    for (const Rows::Pending& one : references) {
      graph.reference_to[base + one.reference] = found.others.id(one.cell).value_or(kNoObject);
    }
  });
}

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

}  // namespace heapglass
