#include "inspector/analysis/holding.h"

#include "inspector/analysis/names_of.h"
#include "inspector/graph/edge.h"
#include "inspector/graph/root_name.h"

namespace heapglass {

namespace {

// Calls with each reference of the path and the object that has it, until one call says true.
template <class Is>
bool any_step(const Path& path, const Is& is) {
  ObjectId from = path.root.to;
  for (const PathStep& step : path.steps) {
    if (is(from, step.reference)) return true;
    from = step.to;
  }
  return false;
}

}  // namespace

std::optional<ObjectId> cache_of(const HeapGraph& graph, const Path& path) {
  std::optional<ObjectId> cache;
  any_step(path, [&](ObjectId from, std::uint64_t reference) {
    if (type_name(graph, from) != "functools._lru_cache_wrapper") return false;
    const LabelKind kind = edge_label(graph.edge[reference]);
    const bool within = kind == LabelKind::key || kind == LabelKind::value ||
                        name_of(graph, reference) == "<cache>";
    if (within) cache = from;
    return within;
  });
  return cache;
}

bool is_of_thread(const HeapGraph& graph, const Path& path) {
  if (path.root.root != kNoRoot) {
    const Root& root = graph.roots[path.root.root];
    const std::string_view part = parse_root_name(root.kind, graph.root_names[root.name]).part;
    if (root.kind == RootKind::thread && (part == "thread-locals" || part == "context"))
      return true;
  }
  return any_step(path, [&](ObjectId from, std::uint64_t reference) {
    if (type_name(graph, from) == "_thread._local") {
      const std::string_view name = name_of(graph, reference);
      return name == "<dummies>" || name == "<dicts>";
    }
    const auto key = key_of(graph, from, reference);
    return key && variable_name(graph, *key);
  });
}

}  // namespace heapglass
