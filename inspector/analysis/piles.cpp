#include "inspector/analysis/piles.h"

#include <algorithm>
#include <unordered_map>

#include "inspector/analysis/retained_together.h"
#include "inspector/analysis/type_names.h"

namespace heapglass {

namespace {

constexpr std::size_t kSome = 32;

}  // namespace

std::vector<Pile> piles(const HeapGraph& graph, const Dominators& tree, const ShortestPaths& paths,
                        const std::vector<ObjectId>& objects) {
  const std::vector<std::uint32_t> shapes = shape_numbers(graph, paths, objects);
  const TypeNames names = type_names(graph);
  std::vector<Pile> result;
  std::unordered_map<std::uint64_t, std::uint32_t> known;  // by name and shape
  BigVector<std::uint32_t> pile_of;                        // by object
  pile_of.resize(graph.size());
  std::fill(pile_of.begin(), pile_of.end(), kNoGroup);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (shapes[i] == kNoShape) continue;
    const std::size_t object = index(objects[i]);
    const std::uint64_t key = std::uint64_t{names.of(graph, objects[i])} << 32 | shapes[i];
    const auto [at, fresh] = known.try_emplace(key, static_cast<std::uint32_t>(result.size()));
    if (fresh) result.emplace_back().example = objects[i];
    Pile& pile = result[at->second];
    pile_of[object] = at->second;
    ++pile.count;
    pile.bytes += graph.footprint[object];
    if (pile.some.size() < kSome) pile.some.push_back(objects[i]);
  }
  const std::vector<Together> retained =
      retained_together(tree, result.size(), [&](std::uint32_t object) { return pile_of[object]; });
  for (std::size_t i = 0; i < result.size(); ++i) result[i].retained = retained[i].bytes;
  std::stable_sort(result.begin(), result.end(),
                   [](const Pile& a, const Pile& b) { return a.retained > b.retained; });
  return result;
}

}  // namespace heapglass
