#include "inspector/examine.h"

#include <algorithm>

#include "inspector/count_references.h"
#include "inspector/python/collector_state.h"
#include "inspector/python/columns.h"
#include "inspector/python/finalizers.h"
#include "inspector/python/mimalloc.h"
#include "inspector/python/name_references.h"
#include "inspector/python/weak_entries.h"
#include "inspector/walk.h"

namespace heapglass {

namespace {

// Counts of our own references above an object's own count: some decoder reads what is not there.
void check_counts(const Acquisition& acquisition, const HeapGraph& graph, const Layout& layout) {
  constexpr std::uint64_t kOneIn = 100'000;
  const std::uint64_t most = graph.size() / kOneIn + 1;
  if (acquisition.negative_counts <= most || count_negative_of_reached(graph) <= most) return;
  throw Failure(Exit::not_cpython,
                "layout " + layout.name + " does not fit this build: " +
                    std::to_string(acquisition.negative_counts) + " of " +
                    std::to_string(graph.size()) + " objects have more references than their count",
                "heapglass doctor -v PID, and report its output");
}

// Where the debug allocator puts marks around each block (PYTHONMALLOC=debug, Py_DEBUG), objects do
// not stand where the sweep over the pools looks: they are found by references, and how much of the
// blocks they explain cannot be told. Nor can it of mimalloc's pages, in which tables of all sizes
// stand.
bool sweep_found_most(const HeapGraph& graph, const Layout& layout,
                      const std::vector<Arena>& arenas) {
  if (layout.has(Fact::sizeof_mi_page_s)) return false;
  std::size_t missed = 0, arena = 0;  // of the others, those in arenas; both ascend
  for (std::size_t i = graph.pooled; i < graph.size(); ++i) {
    while (arena < arenas.size() && arenas[arena].range.end <= graph.address[i]) ++arena;
    if (arena < arenas.size() && arenas[arena].range.begin <= graph.address[i]) ++missed;
  }
  return graph.pooled > missed;
}

}  // namespace

Decoders decoders_for(const Python& python, Mirror& mirror, TypeTable& types,
                      Acquisition* acquisition) {
  Decoders decoders{python.layout,
                    mirror,
                    types,
                    acquisition,
                    {},
                    python.runtime.lookdict,
                    python.runtime.property_arguments};
  for (const InterpreterState& state : python.runtime.interpreters) {
    for (const AddressRange& table : {state.static_type_states, state.extension_type_states}) {
      if (table.size() != 0) decoders.static_type_states.push_back(table);
    }
  }
  return decoders;
}

std::vector<Arena> arenas_of(const Python& python, Mirror& mirror) {
  if (python.layout.has(Fact::sizeof_mi_page_s)) {
    return find_segments(python.runtime, python.layout, mirror);
  }
  return find_arenas(python.interpreter, python.runtime, python.layout, mirror);
}

Inspection examine(Python& python, std::vector<Arena>& arenas, View& view,
                   Acquisition acquisition_so_far, const InspectOptions& options, const Run& run) {
  Inspection result;
  result.acquisition = std::move(acquisition_so_far);
  Acquisition& acquisition = result.acquisition;
  acquisition.gc_running = collector_running(python.runtime, view.mirror);
  // What the lists of interpreters and of arenas are in this moment.
  Runtime then = read_runtime(python.interpreter, python.layout, view.mirror);
  if (!then.interpreters.empty()) python.runtime.interpreters = std::move(then.interpreters);
  TypeTable types(python.layout, view.mirror, python.runtime.type_type,
                  python.runtime.subtype_traverse);
  const Decoders decoders = decoders_for(python, view.mirror, types, &acquisition);
  if (auto found = arenas_of(python, view.mirror); !found.empty()) arenas = std::move(found);
  result.graph = walk(python.runtime, arenas, read_roots(python.runtime, decoders), decoders, run);
  find_finalizers(result.graph, decoders);
  result.collectors = read_collector_states(python.runtime, python.layout, view.mirror);
  acquisition.missed = acquisition.faults[static_cast<std::size_t>(Fault::left_out)];
  if (options.names) {
    name_references(result.graph, decoders, options.contents);
    result.weak_entries = find_weak_entries(result.graph, decoders);
  }
  if (options.columns != kNoColumns) {
    result.columns = read_columns(result.graph, decoders, options.columns, run);
  }
  check_counts(acquisition, result.graph, python.layout);
  result.pools = count_pools(arenas, python.layout, view.mirror);
  if (result.pools->used_blocks != 0 && sweep_found_most(result.graph, python.layout, arenas)) {
    const double share = static_cast<double>(acquisition.pool_bytes) /
                         static_cast<double>(result.pools->used_blocks);
    acquisition.pool_percent = 100 * std::min(share, 1.0);
  }
  return result;
}

Inspection only_inspection(Seen seen, const InspectOptions& options) {
  Inspection& inspection = seen.inspection;
  if (options.contents) {
    inspection.contents =
        std::make_unique<Contents>(inspection.graph, seen.python.layout,
                                   std::move(seen.view.mirror), std::move(seen.view.constant));
  }
  return std::move(inspection);
}

}  // namespace heapglass
