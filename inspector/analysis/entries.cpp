#include "inspector/analysis/entries.h"

#include <algorithm>

#include "inspector/graph/edge.h"

namespace heapglass {

Entries::Entries(const HeapGraph& graph, const Columns& columns, const ShortestPaths& paths,
                 const TypeRoles& roles)
    : graph_(graph), columns_(columns), paths_(paths), roles_(roles) {
  constexpr std::uint32_t kManyRoots = 100;
  std::vector<std::uint32_t> roots(graph.root_names.size());
  for (const Root& root : graph.roots) {
    if (root.kind == RootKind::interpreter && root.name < roots.size()) ++roots[root.name];
  }
  for (const std::uint32_t count : roots) many_.push_back(count >= kManyRoots);
  const auto at = std::find(graph.names.begin(), graph.names.end(), ".__traceback__");
  if (at != graph.names.end()) {
    traceback_ = static_cast<std::uint32_t>(at - graph.names.begin());
  }
}

std::vector<ObjectId> Entries::all() const {
  std::vector<ObjectId> entries;
  for (std::uint32_t i = 0; i < graph_.size(); ++i) {
    const ObjectId object{i};
    if (!paths_.has(object)) continue;
    const TypeRole role = roles_.of(object);
    if (role == TypeRole::plain_value || role == TypeRole::machinery) continue;
    if (is_entry(object) || is_finished(object) || is_open(object) || keeps_traceback(object)) {
      entries.push_back(object);
    }
  }
  return entries;
}

bool Entries::keeps_traceback(ObjectId object) const {
  if (!traceback_) return false;
  for (std::uint64_t r = graph_.reference_begin[index(object)];
       r < graph_.reference_begin[index(object) + 1]; ++r) {
    if (edge_label(graph_.edge[r]) == LabelKind::field &&
        edge_index(graph_.edge[r]) == *traceback_ &&
        type_name(graph_, graph_.reference_to[r]) == "traceback") {
      return true;
    }
  }
  return false;
}

bool Entries::is_class(ObjectId object) const {
  return graph_.types[index(graph_.type[index(object)])].is_class;
}

bool Entries::is_open(ObjectId object) const {
  const std::int32_t* fd = columns_.fd.of(object);
  return fd != nullptr && *fd >= 0;
}

bool Entries::is_finished(ObjectId object) const {
  const FutureState* state = columns_.future.of(object);
  return state != nullptr && *state != FutureState::pending;
}

// The last one of its path, which is not its root's.
std::uint64_t Entries::reference_to(ObjectId object) const {
  return graph_.reference_begin[paths_.parent[index(object)]] + paths_.via[index(object)];
}

// Who refers to it on its path, but for an instance's dict.
std::uint32_t Entries::holder_of(ObjectId object) const {
  const std::uint32_t parent = paths_.parent[index(object)];
  const bool dict =
      type_name(graph_, ObjectId{parent}) == "dict" && paths_.parent[parent] != parent;
  return dict ? paths_.parent[parent] : parent;
}

// What atexit and the like keep one by one.
bool Entries::is_one_of_many_roots(std::uint32_t object) const {
  const std::uint32_t root = paths_.used[paths_.via[object]].root;
  return root != kNoRoot && many_[graph_.roots[root].name];
}

// References that have no number and are many all the same: a set's, and up to 3.9 those of
// atexit's module to its callbacks.
bool Entries::is_one_of_many(std::string_view name, std::uint32_t holder) const {
  return name == "<member>" ||
         (name == "<callback>" && type_name(graph_, ObjectId{holder}) == "module");
}

// Whether its path comes to it as to one of many: as an entry of a container, as the next one of a
// chain, or as what such an entry is about: the second item of a pair, a callback's object.
bool Entries::is_entry(ObjectId object) const {
  for (std::uint32_t at = static_cast<std::uint32_t>(object);;) {
    const std::uint32_t parent = paths_.parent[at];
    if (parent == at) return is_one_of_many_roots(at);
    const std::uint64_t reference = graph_.reference_begin[parent] + paths_.via[at];
    switch (edge_label(graph_.edge[reference])) {
      case LabelKind::item:
        if (type_name(graph_, ObjectId{parent}) != "tuple") return true;
        if (paths_.parent[parent] == parent) return true;
        break;
      case LabelKind::key:
      case LabelKind::value:
        return true;
      case LabelKind::field:
      case LabelKind::attribute:
        if (is_one_of_many(graph_.names[edge_index(graph_.edge[reference])], parent)) return true;
        if (graph_.type[holder_of(ObjectId{at})] == graph_.type[at]) return true;
        if (type_name(graph_, ObjectId{parent}) != "method") return false;
        break;
      case LabelKind::local:
      case LabelKind::stack:
      case LabelKind::unnamed:
        return false;
    }
    at = parent;
  }
}

std::uint64_t Entries::heads_of_chains(const Pile& pile) const {
  const auto first = static_cast<std::uint32_t>(pile.example);
  if (paths_.parent[first] == first) return 0;
  const LabelKind kind = edge_label(graph_.edge[reference_to(pile.example)]);
  const bool by_name = kind == LabelKind::field || kind == LabelKind::attribute;
  const std::uint32_t above = holder_of(pile.example);
  return by_name && above != first && graph_.type[above] == graph_.type[first] ? 1 : 0;
}

}  // namespace heapglass
