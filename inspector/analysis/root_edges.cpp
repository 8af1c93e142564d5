#include "inspector/analysis/root_edges.h"

#include <unordered_map>

#include "inspector/analysis/native_roots.h"
#include "inspector/graph/root_name.h"

namespace heapglass {

namespace {

constexpr std::uint32_t kInterpreter = 0;  // the first of owners; then one for each kind behind it

Owner owner_of(const Root& root, std::string_view name) {
  switch (root.kind) {
    case RootKind::module:
      return {OwnerKind::module, std::string(name)};
    case RootKind::frame:
    case RootKind::thread:
      return {OwnerKind::thread, std::string(parse_root_name(root.kind, name).holder)};
    case RootKind::interpreter:
      return {OwnerKind::interpreter, "interpreter"};
    case RootKind::interned:
      return {OwnerKind::interned, "interned strings"};
    case RootKind::static_type:
      break;
  }
  return {OwnerKind::static_type, "static types"};
}

RootLevel level_of(const Root& root) {
  if (root.kind == RootKind::interned || root.kind == RootKind::static_type) {
    return RootLevel::shared;
  }
  return root.hold == RootHold::inferred ? RootLevel::inferred : RootLevel::named;
}

// Of the objects that are not reached, one for each strongly connected part that no other part
// refers to: the first in the reverse order in which a depth-first search leaves them that no
// earlier one leads to.
class Garbage {
 public:
  Garbage(const HeapGraph& graph, const std::vector<bool>& reached)
      : graph_(graph), seen_(reached) {}

  std::vector<ObjectId> sources(const std::vector<bool>& reached) {
    for (std::size_t i = 0; i < graph_.size(); ++i) search(static_cast<std::uint32_t>(i), true);
    seen_ = reached;
    std::vector<ObjectId> result;
    for (auto at = left_.rbegin(); at != left_.rend(); ++at) {
      if (search(*at, false)) result.push_back(ObjectId{*at});
    }
    return result;
  }

 private:
  bool search(std::uint32_t from, bool note) {
    if (seen_[from]) return false;
    enter(from);
    while (!path_.empty()) {
      Step& step = path_.back();
      if (step.next == graph_.reference_begin[step.object + 1]) {
        if (note) left_.push_back(step.object);
        path_.pop_back();
        continue;
      }
      const auto to = static_cast<std::uint32_t>(graph_.reference_to[step.next++]);
      if (!seen_[to]) enter(to);
    }
    return true;
  }
  void enter(std::uint32_t object) {
    seen_[object] = true;
    path_.push_back({object, graph_.reference_begin[object]});
  }

  struct Step {
    std::uint32_t object;
    std::uint64_t next;  // reference
  };
  const HeapGraph& graph_;
  std::vector<bool> seen_;
  std::vector<Step> path_;
  std::vector<std::uint32_t> left_;
};

}  // namespace

std::string_view owner_kind_name(OwnerKind kind) {
  constexpr std::string_view kNames[] = {"module",      "thread", "interpreter", "interned",
                                         "static_type", "native", "orphan",      "garbage"};
  return kNames[static_cast<std::size_t>(kind)];
}

RootEdges root_edges(const HeapGraph& graph) {
  RootEdges result;
  result.owners = {
      {OwnerKind::interpreter, "interpreter"},  {OwnerKind::interned, "interned strings"},
      {OwnerKind::static_type, "static types"}, {OwnerKind::native, "native code"},
      {OwnerKind::orphan, "orphans"},           {OwnerKind::garbage, "garbage"}};
  std::unordered_map<std::string, std::uint32_t> known;  // owners by name
  for (std::uint32_t i = 0; i < result.owners.size(); ++i) known.emplace(result.owners[i].name, i);
  std::vector<std::uint32_t> owner_by_name(graph.root_names.size(), kNoRoot);
  for (std::uint32_t i = 0; i < graph.roots.size(); ++i) {
    const Root& root = graph.roots[i];
    std::uint32_t owner = kInterpreter;
    if (root.name < owner_by_name.size()) {
      std::uint32_t& cached = owner_by_name[root.name];
      if (cached == kNoRoot) {
        const Owner made = owner_of(root, graph.root_names[root.name]);
        const auto [at, fresh] =
            known.try_emplace(made.name, static_cast<std::uint32_t>(result.owners.size()));
        if (fresh) result.owners.push_back(made);
        cached = at->second;
      }
      owner = cached;
    }
    result.levels[static_cast<std::size_t>(level_of(root))].push_back({root.to, owner, i});
  }
  return result;
}

std::vector<RootEdge> level_edges(const HeapGraph& graph, const RootEdges& edges, RootLevel level,
                                  const std::vector<bool>& reached) {
  std::vector<RootEdge> result;
  const auto owner = [&](OwnerKind kind) {
    std::uint32_t i = 0;
    while (edges.owners[i].kind != kind) ++i;
    return i;
  };
  if (level == RootLevel::native) {
    const std::uint32_t native = owner(OwnerKind::native), orphan = owner(OwnerKind::orphan);
    for (const NativeRoot& root : native_roots(graph, reached)) {
      result.push_back({root.to, root.orphan ? orphan : native, kNoRoot});
    }
    // Nobody counts who refers to these: they are the interpreter's own.
    constexpr std::uint8_t kNobodys = HeapGraph::kImmortal | HeapGraph::kUncounted;
    for (std::size_t i = 0; i < graph.size(); ++i) {
      if (!reached[i] && (graph.flags[i] & kNobodys)) {
        result.push_back({ObjectId{static_cast<std::uint32_t>(i)}, native, kNoRoot});
      }
    }
  } else if (level == RootLevel::garbage) {
    const std::uint32_t garbage = owner(OwnerKind::garbage);
    for (const ObjectId object : Garbage(graph, reached).sources(reached)) {
      result.push_back({object, garbage, kNoRoot});
    }
  } else {
    for (const RootEdge& edge : edges.levels[static_cast<std::size_t>(level)]) {
      if (!reached[index(edge.to)]) result.push_back(edge);
    }
  }
  return result;
}

}  // namespace heapglass
