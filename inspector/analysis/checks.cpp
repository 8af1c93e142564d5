#include "inspector/analysis/checks.h"

#include <array>
#include <limits>
#include <optional>

#include "inspector/analysis/cycles.h"
#include "inspector/analysis/glob.h"
#include "inspector/analysis/path_shapes.h"
#include "inspector/analysis/path_text.h"
#include "inspector/analysis/retained_together.h"

namespace heapglass {

namespace {

std::vector<bool> matching_types(const HeapGraph& graph, const std::string& glob) {
  std::vector<bool> matching;
  for (const TypeRecord& type : graph.types) matching.push_back(glob_match(glob, type.name));
  return matching;
}

std::uint64_t count_of(const HeapGraph& graph, const std::string& glob) {
  const std::vector<bool> matching = matching_types(graph, glob);
  std::uint64_t count = 0;
  for (const TypeId type : graph.type) count += matching[index(type)] ? 1 : 0;
  return count;
}

class Checking {
 public:
  explicit Checking(const CheckedHeap& heap) : heap_(heap), graph_(heap.graph) {}

  // nullopt: it passed.
  std::optional<FailedCheck> run(const Check& check) {
    FailedCheck failed;
    failed.check = check;
    if (check.limit == Limit::garbage) return garbage(failed);
    const std::vector<bool> types = matching_types(graph_, check.types);
    std::uint64_t bytes = 0;
    std::vector<ObjectId> objects;
    for (std::uint32_t i = 0; i < graph_.size(); ++i) {
      if (!types[index(graph_.type[i])]) continue;
      objects.push_back(ObjectId{i});
      bytes += graph_.bytes[i];
    }
    failed.count = objects.size();
    switch (check.limit) {
      case Limit::count:
        failed.found = static_cast<double>(failed.count);
        break;
      case Limit::bytes:
        failed.found = static_cast<double>(bytes);
        break;
      case Limit::retained:
        failed.found = static_cast<double>(retained(types));
        break;
      case Limit::growth:
        failed.before = count_of(*heap_.before, check.types);
        failed.found = growth(failed.before, failed.count);
        break;
      case Limit::garbage:
        break;
    }
    if (failed.found <= check.most) return std::nullopt;
    find_path(objects, failed);
    return failed;
  }

 private:
  static double growth(std::uint64_t before, std::uint64_t now) {
    if (now <= before) return 0;
    if (before == 0) return std::numeric_limits<double>::infinity();
    return 100.0 * static_cast<double>(now - before) / static_cast<double>(before);
  }

  std::uint64_t retained(const std::vector<bool>& types) {
    if (!tree_) tree_ = dominators(graph_);
    return retained_together(*tree_, 1,
                             [&](std::uint32_t object) {
                               return types[index(graph_.type[object])] ? 0 : kNoGroup;
                             })[0]
        .bytes;
  }

  void find_path(const std::vector<ObjectId>& objects, FailedCheck& failed) {
    if (!paths_) paths_ = shortest_paths(graph_);
    const PathShapes found = path_shapes(graph_, *paths_, objects);
    if (found.shapes.empty()) return;
    const PathShape& most = found.shapes.front();
    failed.path = shape_text(graph_, path_to(graph_, *paths_, most.example));
    failed.held = most.count;
  }

  std::optional<FailedCheck> garbage(FailedCheck& failed) const {
    const CycleReport found = find_cycles(graph_, {.garbage_only = true,
                                                   .weak_entries = heap_.weak_entries,
                                                   .free_threaded = heap_.free_threaded});
    failed.count = found.garbage.count;
    failed.found = static_cast<double>(failed.count);
    if (failed.count == 0) return std::nullopt;
    if (!found.groups.empty()) {
      failed.path = found.groups.front().signature;
      failed.held = found.groups.front().objects;
    }
    return failed;
  }

  const CheckedHeap& heap_;
  const HeapGraph& graph_;
  std::optional<Dominators> tree_;
  std::optional<ShortestPaths> paths_;
};

}  // namespace

std::string_view limit_name(Limit limit) {
  constexpr std::array<std::string_view, 5> kNames{"max_count", "max_bytes", "max_retained",
                                                   "max_growth", "no_garbage_cycles"};
  return kNames[static_cast<std::size_t>(limit)];
}

Checked run_checks(const CheckedHeap& heap, std::span<const Check> checks) {
  Checking checking(heap);
  Checked result;
  for (const Check& check : checks) {
    if (auto failed = checking.run(check)) {
      result.failed.push_back(std::move(*failed));
    } else {
      ++result.passed;
    }
  }
  return result;
}

}  // namespace heapglass
