#include "inspector/analysis/growth.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "inspector/analysis/ordinary.h"
#include "inspector/analysis/path_text.h"
#include "inspector/analysis/piles.h"

namespace heapglass {

namespace {

constexpr std::int64_t kLeastCount = 50;
constexpr std::int64_t kLeastPart = 100;  // of the objects there were: one in a hundred
constexpr double kLeastDataShare = 0.5;   // percent of the heap: text and numbers come and go
constexpr std::uint64_t kLeastBytes = 16 << 10;

using Counts = std::unordered_map<std::string_view, std::int64_t>;

Counts counts_of(const HeapGraph& graph) {
  std::vector<std::int64_t> by_type(graph.types.size());
  for (const TypeId type : graph.type) ++by_type[index(type)];
  Counts counts;
  for (std::size_t i = 0; i < by_type.size(); ++i) counts[graph.types[i].name] += by_type[i];
  return counts;
}

// By object of `after`.
std::vector<bool> new_objects(const HeapGraph& before, const HeapGraph& after) {
  std::vector<bool> fresh(after.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    const auto then = before.find(after.address[i]);
    fresh[i] = !then || type_name(before, *then) !=
                            type_name(after, ObjectId{static_cast<std::uint32_t>(i)});
  }
  return fresh;
}

// New objects that no other new one retains.
std::vector<ObjectId> outermost(const std::vector<bool>& fresh, const Dominators& tree) {
  std::vector<ObjectId> result;
  for (std::uint32_t i = 0; i < fresh.size(); ++i) {
    if (!fresh[i]) continue;
    const std::uint32_t above = tree.dominator[i];
    if (!tree.is_object(above) || !fresh[above]) result.push_back(ObjectId{i});
  }
  return result;
}

// What bare containers (an lru_cache's keys) are about: the program's own objects that the first
// few of them retain, of the type that is the most frequent; else the container itself.
ObjectId core_of(const HeapGraph& graph, const TypeRoles& roles, const Dominators& tree,
                 const Pile& pile) {
  if (roles.of(pile.example) != TypeRole::bare_container) return pile.example;
  constexpr std::size_t kMostLooked = 4096;
  std::size_t left = kMostLooked;
  std::unordered_map<std::string_view, std::pair<std::size_t, ObjectId>> found;
  for (const ObjectId object : pile.some) {
    const std::size_t begin = tree.position[index(object)];
    const std::size_t end = begin + std::min<std::size_t>(tree.nodes[index(object)], left);
    for (std::size_t at = begin; at < end; ++at) {
      const ObjectId inner{tree.preorder[at]};
      if (roles.of(inner) != TypeRole::own) continue;
      ++found.try_emplace(type_name(graph, inner), 0, inner).first->second.first;
    }
    left -= end - begin;
  }
  std::pair<std::size_t, ObjectId> best{pile.some.size() - 1, pile.example};
  for (const auto& entry : found) {
    // Of equally many the outermost.
    const auto& [count, example] = entry.second;
    if (count > best.first || (count == best.first &&
                               tree.position[index(example)] < tree.position[index(best.second)])) {
      best = entry.second;
    }
  }
  return best.second;
}

// Of a chain, of which the newest object holds the others: the second one, whose path tells how.
std::optional<ObjectId> second_of_chain(const HeapGraph& graph, const Dominators& tree,
                                        const Pile& pile) {
  constexpr std::size_t kMostLooked = 1 << 16;
  const std::size_t begin = tree.position[index(pile.example)];
  const std::size_t end =
      begin + std::min<std::size_t>(tree.nodes[index(pile.example)], kMostLooked);
  std::int64_t alike = 0;
  std::optional<ObjectId> second;
  for (std::size_t at = begin; at < end && alike < kLeastCount; ++at) {
    if (graph.type[tree.preorder[at]] != graph.type[index(pile.example)]) continue;
    if (++alike == 2) second = ObjectId{tree.preorder[at]};
  }
  return alike == kLeastCount ? second : std::nullopt;
}

// Beside the largest, what is small or plain data is a part of the same story.
void drop_small(std::vector<Suspect>& suspects) {
  if (suspects.empty()) return;
  constexpr std::uint64_t kSmall = 20, kSmallData = 4;
  const std::uint64_t largest = suspects.front().retained;
  std::erase_if(suspects, [&](const Suspect& suspect) {
    return suspect.retained <
           largest / (type_role(suspect.type) == TypeRole::plain_value ? kSmallData : kSmall);
  });
}

}  // namespace

Suspicion find_growth(const HeapGraph& before, const HeapGraph& after, double seconds) {
  const Dominators tree = dominators(after);
  const ShortestPaths paths = shortest_paths(after);
  const Counts then = counts_of(before), now = counts_of(after);
  const auto grown_by = [&](std::string_view type) {
    const auto old = then.find(type);
    return now.at(type) - (old == then.end() ? 0 : old->second);
  };
  const double all = static_cast<double>(tree.bytes[tree.root()]);
  Suspicion result;
  const TypeRoles roles(after);
  const std::vector<bool> fresh = new_objects(before, after);
  for (const Pile& pile : piles(after, tree, paths, outermost(fresh, tree))) {
    const ObjectId example = core_of(after, roles, tree, pile);
    const std::string_view type = type_name(after, example);
    const std::int64_t grown = grown_by(type);
    const std::int64_t old = now.at(type) - grown;
    if (grown < kLeastCount || grown < old / kLeastPart || pile.retained < kLeastBytes) continue;
    const double share = 100.0 * static_cast<double>(pile.retained) / all;
    const TypeRole role = roles.of(example);
    if (role == TypeRole::plain_value && share < kLeastDataShare) continue;
    const bool few = pile.count < static_cast<std::uint64_t>(kLeastCount);
    const auto second = few ? second_of_chain(after, tree, pile) : std::nullopt;
    if (role == TypeRole::machinery || (few && !second)) continue;
    Suspect& suspect = result.suspects.emplace_back();
    suspect.kind = SuspectKind::growth;
    suspect.type = type;
    // Nearly all of the growth is here: then it is all, but for addresses used again.
    const auto net = static_cast<std::uint64_t>(grown);
    suspect.count = few || example != pile.example || pile.count >= net / 10 * 9 ? net : pile.count;
    suspect.bytes = pile.bytes;
    suspect.retained = pile.retained;
    suspect.share = share;
    const ObjectId shown = second.value_or(example);
    suspect.path =
        shape_text(after, path_to(after, paths, paths.has(shown) ? shown : pile.example));
    suspect.reason = std::to_string(old) + " before, " + std::to_string(now.at(type)) + " now";
  }
  const Unheld garbage = find_unheld(after, paths, roles, fresh);
  const auto least = static_cast<std::uint64_t>(kLeastCount);
  if (garbage.count >= least && garbage.footprint >= kLeastBytes &&
      grown_by(garbage.type) >= kLeastCount) {
    Suspect& suspect = result.suspects.emplace_back();
    suspect.kind = SuspectKind::garbage;
    suspect.type = garbage.type;
    suspect.count = garbage.count;
    suspect.bytes = suspect.retained = garbage.footprint;
    suspect.share = 100.0 * static_cast<double>(garbage.footprint) / all;
    suspect.reason = "cycles that the collector has not freed: heapglass cycles says which to cut";
    std::stable_sort(result.suspects.begin(), result.suspects.end(),
                     [](const Suspect& a, const Suspect& b) { return a.retained > b.retained; });
  }
  drop_small(result.suspects);
  if (result.suspects.empty()) {
    result.verdict = "nothing grew: no type has many more objects than before that are still held";
    return result;
  }
  const Suspect& first = result.suspects.front();
  result.verdict = std::to_string(first.count) + " more " + first.type + " than before";
  if (seconds > 0) {
    result.verdict += " (" +
                      std::to_string(static_cast<std::uint64_t>(
                          static_cast<double>(first.count) * 60 / seconds + 0.5)) +
                      " a minute)";
  }
  if (!first.path.empty()) result.verdict += ", held by " + first.path;
  return result;
}

}  // namespace heapglass
