#include "inspector/analysis/path_shapes.h"

#include <algorithm>
#include <unordered_map>

#include "inspector/analysis/general_label.h"
#include "inspector/graph/edge.h"

namespace heapglass {

namespace {

constexpr std::uint32_t kMostRepeats = 3;

// A shape: how it goes on from another one.
struct Shape {
  std::uint32_t before = kNoShape;  // kNoShape: from a root
  std::uint64_t label = 0;          // the general form of the last step; of a root its name
  std::uint32_t repeats = 0;        // of the last step

  bool operator==(const Shape&) const = default;
};
struct Hash {
  std::size_t operator()(const Shape& shape) const {
    std::uint64_t hash = shape.label * 0x9E3779B97F4A7C15U;
    hash ^= (std::uint64_t{shape.before} << 8 | shape.repeats) * 0xC2B2AE3D27D4EB4FU;
    return static_cast<std::size_t>(hash ^ hash >> 29);
  }
};

class Shapes {
 public:
  Shapes(const HeapGraph& graph, const ShortestPaths& paths)
      : graph_(graph), paths_(paths), of_(graph.size(), kNoShape) {
    const auto dict = std::find(graph.names.begin(), graph.names.end(), ".__dict__");
    dict_label_ = static_cast<std::uint64_t>(LabelKind::field) << 60 |
                  static_cast<std::uint64_t>(dict - graph.names.begin());
  }

  std::uint32_t of(ObjectId object) {
    auto at = static_cast<std::uint32_t>(object);
    while (of_[at] == kNoShape && paths_.parent[at] != at) {
      path_.push_back(at);
      at = paths_.parent[at];
    }
    if (of_[at] == kNoShape) of_[at] = of_root(at);
    for (; !path_.empty(); path_.pop_back()) of_[path_.back()] = step(path_.back());
    return of_[static_cast<std::size_t>(object)];
  }

 private:
  std::uint32_t of_root(std::uint32_t object) {
    const RootEdge& edge = paths_.used[paths_.via[object]];
    const std::uint64_t name = edge.root == kNoRoot ? kNoRoot : graph_.roots[edge.root].name;
    return number({kNoShape, name, 0});
  }

  std::uint32_t step(std::uint32_t to) {
    const std::uint32_t from = paths_.parent[to];
    const std::uint64_t reference = graph_.reference_begin[from] + paths_.via[to];
    const std::uint64_t label = general_label(graph_, ObjectId{from}, reference);
    std::uint32_t before = of_[from];
    const LabelKind kind = edge_label(graph_.edge[reference]);
    const bool named = kind == LabelKind::field || kind == LabelKind::attribute;
    // An attribute in an instance's dict is the instance's: `.next.next` up to 3.10, too.
    if (named && all_[before].label == dict_label_ && all_[before].before != kNoShape) {
      before = all_[before].before;
    }
    const Shape last = all_[before];  // a copy: number() may move them
    if (last.before == kNoShape || last.label != label) return number({before, label, 1});
    if (last.repeats == (named ? 1 : kMostRepeats)) return before;
    return number({before, label, last.repeats + 1});
  }

  std::uint32_t number(const Shape& shape) {
    const auto [at, fresh] = numbers_.try_emplace(shape, static_cast<std::uint32_t>(all_.size()));
    if (fresh) all_.push_back(shape);
    return at->second;
  }

  const HeapGraph& graph_;
  const ShortestPaths& paths_;
  std::uint64_t dict_label_ = 0;   // general_label() of an instance's dict
  std::vector<std::uint32_t> of_;  // by object
  std::vector<std::uint32_t> path_;
  std::vector<Shape> all_;
  std::unordered_map<Shape, std::uint32_t, Hash> numbers_;
};

}  // namespace

std::vector<std::uint32_t> shape_numbers(const HeapGraph& graph, const ShortestPaths& paths,
                                         const std::vector<ObjectId>& objects) {
  Shapes shapes(graph, paths);
  std::vector<std::uint32_t> numbers;
  numbers.reserve(objects.size());
  for (const ObjectId object : objects) {
    numbers.push_back(paths.has(object) ? shapes.of(object) : kNoShape);
  }
  return numbers;
}

PathShapes path_shapes(const HeapGraph& graph, const ShortestPaths& paths,
                       const std::vector<ObjectId>& objects) {
  PathShapes result;
  const std::vector<std::uint32_t> numbers = shape_numbers(graph, paths, objects);
  std::unordered_map<std::uint32_t, std::size_t> at;  // in result.shapes
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (numbers[i] == kNoShape) {
      ++result.without;
      continue;
    }
    const auto [found, fresh] = at.try_emplace(numbers[i], result.shapes.size());
    if (fresh) result.shapes.push_back({objects[i], 0, 0});
    PathShape& shape = result.shapes[found->second];
    ++shape.count;
    shape.footprint += graph.footprint[index(objects[i])];
  }
  std::stable_sort(result.shapes.begin(), result.shapes.end(),
                   [](const PathShape& a, const PathShape& b) { return a.count > b.count; });
  return result;
}

}  // namespace heapglass
