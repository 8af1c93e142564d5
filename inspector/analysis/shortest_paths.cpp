#include "inspector/analysis/shortest_paths.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "inspector/graph/edge.h"
#include "inspector/graph/root_name.h"

namespace heapglass {

namespace {

using Length = std::uint32_t;

constexpr Length kStep = 4;        // an attribute, an item
constexpr Length kHidden = 6;      // a field that Python has no name for
constexpr Length kGuess = 12;      // read conservatively
constexpr Length kAside = 24;      // right, and rarely why
constexpr Length kStructure = 60;  // leads to what every program has
constexpr Length kBuckets = 64;    // above the longest edge

struct Named {
  std::string_view label;
  Length length;
};
constexpr Named kLengths[] = {
    {".__dict__", 0},
    {".cell_contents", 1},
    {".__closure__", 3},
    {".__self__", kStep},
    {".__class__", kStructure},
    {"<element type>", kStructure},
    {".__objclass__", kStructure},
    {".__mro__", kStructure},
    {".__bases__", kStructure},
    {".__base__", kStructure},
    {"<subclasses>", kStructure},
    {".__globals__", kStructure},
    {".__builtins__", kStructure},
    {".f_globals", kStructure},
    {".f_builtins", kStructure},
    {"<module>", kStructure},
    {".__module__", kStructure},
    {".modules", kStructure},
    {"<shared key>", kStructure},
    {".f_back", kAside},
    {"<locals cache>", kAside},
    {".__spec__", kAside},
    {".__loader__", kAside},
    {"._loop", kAside},
    {"<callback context>", kAside},
    {"<previous>", kAside},
};

std::vector<Length> length_of_names(const HeapGraph& graph) {
  std::vector<Length> lengths;
  lengths.reserve(graph.names.size());
  for (const std::string& name : graph.names) {
    const auto known = std::find_if(std::begin(kLengths), std::end(kLengths),
                                    [&](const Named& named) { return named.label == name; });
    lengths.push_back(known != std::end(kLengths) ? known->length
                      : name.starts_with('<')     ? kHidden
                                                  : kStep);
  }
  return lengths;
}

// Interpreters' own ways to what is a root under a better name.
constexpr std::string_view kSecondNames[] = {"sys.modules",
                                             "modules by index",
                                             "importlib",
                                             "sys.__dict__",
                                             "copy of sys.__dict__",
                                             "builtins.__dict__",
                                             "copy of builtins.__dict__"};

bool is_frame_or_generator(std::string_view type) {
  return type == "frame" || type == "generator" || type == "coroutine" || type == "async_generator";
}

Length length_of_root(const HeapGraph& graph, const RootEdge& edge) {
  if (edge.root == kNoRoot) return 0;
  const Root& root = graph.roots[edge.root];
  const std::string_view name =
      root.name < graph.root_names.size() ? graph.root_names[root.name] : std::string_view();
  switch (root.kind) {
    case RootKind::module:
      // multiprocessing's second name for it.
      return name.ends_with("module __mp_main__") ? 1 : 0;
    case RootKind::frame: {
      const RootName parts = parse_root_name(root.kind, name);
      if (!parts.local.empty()) return 1;
      if (!parts.part.empty()) return kHidden;
      // Else its function, its code, its globals; up to 3.10 the frame itself, which has locals.
      const std::string_view type = type_name(graph, root.to);
      return is_frame_or_generator(type) ? 0 : kAside;
    }
    case RootKind::thread:
      return 1;
    case RootKind::interpreter:
      for (const std::string_view second : kSecondNames) {
        if (name.ends_with(second)) return kStructure;
      }
      return kStep;
    case RootKind::interned:
    case RootKind::static_type:
      break;
  }
  return 0;
}

class Search {
 public:
  explicit Search(const HeapGraph& graph)
      : graph_(graph), names_(length_of_names(graph)), reached_(graph.size()) {
    result_.roots = root_edges(graph);
    result_.parent.resize(graph.size());
    result_.via.resize(graph.size());
    length_.resize(graph.size());
    for (std::size_t i = 0; i < graph.size(); ++i) {
      result_.parent[i] = ShortestPaths::kNone;
      length_[i] = kFar;
    }
  }

  ShortestPaths run() {
    for (const RootLevel level :
         {RootLevel::named, RootLevel::inferred, RootLevel::shared, RootLevel::native}) {
      begin(level_edges(graph_, result_.roots, level, reached_));
      settle();
      at_ += kBuckets;  // what comes now is longer than all there is
    }
    return std::move(result_);
  }

 private:
  static constexpr Length kFar = UINT32_MAX;

  void begin(std::vector<RootEdge> edges) {
    // A script imports from everywhere: of equals, the module where it comes from.
    std::stable_partition(edges.begin(), edges.end(), [&](const RootEdge& edge) {
      return result_.roots.owners[edge.owner].name != "module __main__";
    });
    for (const RootEdge& edge : edges) {
      const Length length = at_ + length_of_root(graph_, edge);
      const auto to = static_cast<std::uint32_t>(edge.to);
      if (length >= length_[to]) continue;
      result_.via[to] = static_cast<std::uint32_t>(result_.used.size());
      result_.used.push_back(edge);
      put(to, to, length);
    }
  }

  void put(std::uint32_t to, std::uint32_t parent, Length length) {
    length_[to] = length;
    result_.parent[to] = parent;
    buckets_[length % kBuckets].push_back(to);
    ++waiting_;
  }

  void settle() {
    for (; waiting_ != 0; ++at_) {
      std::vector<std::uint32_t>& bucket = buckets_[at_ % kBuckets];
      // It grows by steps of no length.
      for (std::size_t i = 0; i < bucket.size(); ++i) {
        const std::uint32_t object = bucket[i];
        if (length_[object] == at_ && !reached_[object]) leave(object);
      }
      waiting_ -= bucket.size();
      bucket.clear();
    }
  }

  void leave(std::uint32_t object) {
    reached_[object] = true;
    const std::uint64_t begin = graph_.reference_begin[object];
    const std::uint64_t end = graph_.reference_begin[object + 1];
    for (std::uint64_t r = begin; r < end; ++r) {
      const auto to = static_cast<std::uint32_t>(graph_.reference_to[r]);
      if (length_[to] <= at_) continue;
      const Length length = at_ + length_of(graph_.edge[r]);
      if (length >= length_[to]) continue;
      put(to, object, length);
      result_.via[to] = static_cast<std::uint32_t>(r - begin);
    }
  }

  Length length_of(std::uint32_t edge) const {
    if (edge_kind(edge) == ReferenceKind::inferred) return kGuess;
    switch (edge_label(edge)) {
      case LabelKind::field:
      case LabelKind::attribute:
        return edge_index(edge) < names_.size() ? names_[edge_index(edge)] : kStep;
      case LabelKind::unnamed:
        return kGuess;
      case LabelKind::stack:
        return kHidden;
      default:
        return kStep;
    }
  }

  const HeapGraph& graph_;
  const std::vector<Length> names_;  // by HeapGraph::names
  std::vector<bool> reached_;
  BigVector<Length> length_;
  std::array<std::vector<std::uint32_t>, kBuckets> buckets_;  // by length
  std::size_t waiting_ = 0;                                   // in buckets
  Length at_ = 0;
  ShortestPaths result_;
};

}  // namespace

ShortestPaths shortest_paths(const HeapGraph& graph) { return Search(graph).run(); }

Path path_to(const HeapGraph& graph, const ShortestPaths& paths, ObjectId object) {
  Path path;
  auto at = static_cast<std::uint32_t>(object);
  for (; paths.parent[at] != at; at = paths.parent[at]) {
    const std::uint64_t reference = graph.reference_begin[paths.parent[at]] + paths.via[at];
    path.steps.push_back({ObjectId{at}, reference});
  }
  path.root = paths.used[paths.via[at]];
  std::reverse(path.steps.begin(), path.steps.end());
  return path;
}

namespace {

// Whether it does, or may: `steps_left` bounds what is looked at in all.
bool leads_through(const ShortestPaths& paths, std::uint32_t object, std::uint32_t end,
                   std::uint64_t& steps_left) {
  for (std::uint32_t at = end; steps_left != 0; at = paths.parent[at], --steps_left) {
    if (at == object) return true;
    if (paths.parent[at] == at) return false;
  }
  return true;
}

}  // namespace

std::vector<Path> paths_to(const HeapGraph& graph, const ShortestPaths& paths, ObjectId object,
                           std::size_t most) {
  constexpr std::size_t kMostReferrers = 10'000;
  std::uint64_t steps_left = std::uint64_t{1} << 26;  // each costs the length of its path
  const auto target = static_cast<std::uint32_t>(object);
  std::vector<Path> result{path_to(graph, paths, object)};
  for (const RootEdge& root : paths.roots.levels[0]) {
    const bool first = result[0].steps.empty() && result[0].root.root == root.root;
    if (root.to == object && !first && result.size() < kMostReferrers) result.push_back({root, {}});
  }
  for (std::uint32_t from = 0; from < graph.size(); ++from) {
    if (paths.parent[from] == ShortestPaths::kNone) continue;
    for (std::uint64_t r = graph.reference_begin[from]; r < graph.reference_begin[from + 1]; ++r) {
      if (graph.reference_to[r] != object) continue;
      const bool first = !result[0].steps.empty() && result[0].steps.back().reference == r;
      if (first || result.size() >= kMostReferrers ||
          leads_through(paths, target, from, steps_left)) {
        continue;
      }
      Path path = path_to(graph, paths, ObjectId{from});
      path.steps.push_back({object, r});
      result.push_back(std::move(path));
    }
  }
  std::stable_sort(result.begin() + 1, result.end(),
                   [](const Path& a, const Path& b) { return a.steps.size() < b.steps.size(); });
  if (result.size() > most) result.resize(most);
  return result;
}

}  // namespace heapglass
