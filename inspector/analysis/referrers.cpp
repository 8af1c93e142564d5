#include "inspector/analysis/referrers.h"

#include <algorithm>
#include <unordered_map>

#include "inspector/analysis/general_label.h"

namespace heapglass {

Referrers referrers(const HeapGraph& graph, const std::vector<ObjectId>& objects) {
  std::vector<bool> wanted(graph.size());
  for (const ObjectId object : objects) wanted[index(object)] = true;

  Referrers result;
  std::unordered_map<std::uint64_t, std::size_t> rows;
  // By row, which object it led to last is not enough: an object may be in a list twice.
  std::unordered_map<std::uint64_t, bool> counted;  // of (row, object)
  for (std::size_t from = 0; from < graph.size(); ++from) {
    for (std::uint64_t r = graph.reference_begin[from]; r < graph.reference_begin[from + 1]; ++r) {
      const std::size_t to = index(graph.reference_to[r]);
      if (!wanted[to]) continue;
      const auto object = static_cast<ObjectId>(from);
      const auto type = static_cast<std::uint64_t>(graph.type[from]);
      const std::uint64_t key = general_label(graph, object, r) * 0x9E3779B97F4A7C15U ^ type;
      const auto [at, fresh] = rows.try_emplace(key, result.kinds.size());
      if (fresh) result.kinds.push_back({object, r, 0, 0});
      ReferrerKind& kind = result.kinds[at->second];
      ++kind.references;
      ++result.references;
      if (counted.try_emplace(std::uint64_t{at->second} << 32 | to, true).second) ++kind.objects;
    }
  }
  std::stable_sort(
      result.kinds.begin(), result.kinds.end(),
      [](const ReferrerKind& a, const ReferrerKind& b) { return a.references > b.references; });

  std::unordered_map<std::uint32_t, std::size_t> by_name;
  for (std::uint32_t i = 0; i < graph.roots.size(); ++i) {
    const Root& root = graph.roots[i];
    if (!wanted[index(root.to)]) continue;
    const auto [at, fresh] = by_name.try_emplace(root.name, result.roots.size());
    if (fresh) result.roots.push_back({i, 0});
    ++result.roots[at->second].objects;
  }
  return result;
}

}  // namespace heapglass
