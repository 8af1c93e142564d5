#include "inspector/analysis/retained.h"

#include <algorithm>
#include <queue>
#include <string_view>
#include <utility>

#include "inspector/analysis/type_names.h"
#include "inspector/graph/edge.h"

namespace heapglass {

namespace {

void sort_rows(std::vector<RetainedRow>& rows) {
  std::sort(rows.begin(), rows.end(), [](const RetainedRow& a, const RetainedRow& b) {
    return a.retained_bytes != b.retained_bytes ? a.retained_bytes > b.retained_bytes
                                                : a.name < b.name;
  });
}

// Whether one child has nearly all of it.
bool passes_on(const Dominators& tree, std::uint32_t object) {
  const std::uint64_t nearly_all = tree.bytes[object] / 20 * 19;
  bool found = false;
  tree.for_each_child(object, [&](std::uint32_t child) {
    found = found || (tree.bytes[child] >= nearly_all && tree.nodes[child] > 1);
  });
  return found;
}

std::uint32_t label_of_dict(const HeapGraph& graph) {
  const auto at = std::find(graph.names.begin(), graph.names.end(), ".__dict__");
  return static_cast<std::uint32_t>(at - graph.names.begin());
}

}  // namespace

std::vector<ObjectId> heaviest_objects(const HeapGraph& graph, const Dominators& tree,
                                       const std::vector<bool>& of_type, std::size_t most) {
  const auto heavier = [&](std::uint32_t a, std::uint32_t b) {
    return tree.bytes[a] != tree.bytes[b] ? tree.bytes[a] > tree.bytes[b]
                                          : tree.position[a] < tree.position[b];
  };
  // A heap whose top is the lightest of those kept.
  std::vector<std::uint32_t> kept;
  for (std::uint32_t object = 0; object < graph.size(); ++object) {
    if (!of_type.empty() && !of_type[index(graph.type[object])]) continue;
    if (kept.size() == most && (most == 0 || !heavier(object, kept.front()))) continue;
    if (of_type.empty() && passes_on(tree, object)) continue;
    kept.push_back(object);
    std::push_heap(kept.begin(), kept.end(), heavier);
    if (kept.size() <= most) continue;
    std::pop_heap(kept.begin(), kept.end(), heavier);
    kept.pop_back();
  }
  std::sort(kept.begin(), kept.end(), heavier);
  std::vector<ObjectId> result;
  for (const std::uint32_t object : kept) result.push_back(ObjectId{object});
  return result;
}

std::vector<ObjectId> heaviest_objects(const HeapGraph& graph, const Dominators& tree) {
  std::vector<ObjectId> result(graph.size());
  for (std::uint32_t i = 0; i < result.size(); ++i) result[i] = ObjectId{i};
  std::sort(result.begin(), result.end(), [&](ObjectId a, ObjectId b) {
    const std::uint64_t more = tree.bytes[index(a)], less = tree.bytes[index(b)];
    return more != less ? more > less : tree.position[index(a)] < tree.position[index(b)];
  });
  return result;
}

std::vector<RetainedRow> retained_by_type(const HeapGraph& graph, const Dominators& tree) {
  const TypeNames names = type_names(graph);
  std::vector<RetainedRow> rows;
  for (const std::string_view name : names.names) rows.emplace_back().name = name;
  // By name, where in the preorder the subtree of the last topmost object ends.
  std::vector<std::size_t> end(rows.size());
  for (std::size_t at = 0; at < tree.preorder.size(); ++at) {
    const std::uint32_t object = tree.preorder[at];
    if (!tree.is_object(object)) continue;
    const std::uint32_t name = names.of(graph, ObjectId{object});
    RetainedRow& row = rows[name];
    ++row.count;
    row.bytes += graph.footprint[object];
    if (at < end[name]) continue;
    end[name] = at + tree.nodes[object];
    row.retained_bytes += tree.bytes[object];
    row.retained_objects += tree.nodes[object];
  }
  std::erase_if(rows, [](const RetainedRow& row) { return row.count == 0; });
  sort_rows(rows);
  return rows;
}

std::vector<RetainedRow> retained_by_owner(const HeapGraph& graph, const Dominators& tree,
                                           OwnerKind kind) {
  const std::vector<Owner>& owners = tree.roots.owners;
  std::vector<RetainedRow> rows(owners.size());
  for (std::size_t i = 0; i < owners.size(); ++i) {
    rows[i] = {owners[i].name, 0, 0, tree.bytes[tree.owner_node(i)],
               tree.retained_objects(tree.owner_node(i))};
  }
  RetainedRow several;
  tree.for_each_child(tree.root(), [&](std::uint32_t child) {
    if (!tree.is_object(child)) return;
    several.retained_bytes += tree.bytes[child];
    several.retained_objects += tree.retained_objects(child);
  });
  // Dicts of modules that do not hang from their modules, each under the first module that has it.
  const std::uint32_t dict_label = label_of_dict(graph);
  std::vector<bool> taken(graph.size());
  for (const RootEdge& edge : tree.roots.levels[0]) {
    if (owners[edge.owner].kind != OwnerKind::module) continue;
    const std::size_t module = index(edge.to);
    for (std::uint64_t r = graph.reference_begin[module]; r < graph.reference_begin[module + 1];
         ++r) {
      const std::size_t dict = index(graph.reference_to[r]);
      if (edge_label(graph.edge[r]) != LabelKind::field ||
          edge_index(graph.edge[r]) != dict_label || tree.dominator[dict] != tree.root() ||
          taken[dict]) {
        continue;
      }
      taken[dict] = true;
      RetainedRow& row = rows[edge.owner];
      row.retained_bytes += tree.bytes[dict];
      row.retained_objects += tree.nodes[dict];
      several.retained_bytes -= tree.bytes[dict];
      several.retained_objects -= tree.nodes[dict];
    }
  }
  std::vector<RetainedRow> result;
  for (std::size_t i = 0; i < owners.size(); ++i) {
    if (owners[i].kind == kind) result.push_back(std::move(rows[i]));
  }
  sort_rows(result);
  result.push_back(several);
  return result;
}

}  // namespace heapglass
