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

// What bare containers (an lru_cache's keys) and bound methods are about: the program's own objects
// that the first few of them retain, of the type that is the most frequent; else the container
// itself.
ObjectId core_of(const HeapGraph& graph, const TypeRoles& roles, const Dominators& tree,
                 const Pile& pile) {
  const bool method = type_name(graph, pile.example) == "method";
  if (!method && roles.of(pile.example) != TypeRole::bare_container) return pile.example;
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

class Search {
 public:
  Search(const HeapGraph& before, const HeapGraph& after)
      : after_(after),
        tree_(dominators(after)),
        paths_(shortest_paths(after)),
        roles_(after),
        fresh_(new_objects(before, after)),
        then_(counts_of(before)),
        now_(counts_of(after)) {}

  std::vector<Suspect> run() const {
    std::vector<Suspect> result;
    for (const Pile& pile : piles(after_, tree_, paths_, outermost(fresh_, tree_))) {
      if (auto suspect = judge(pile)) result.push_back(*std::move(suspect));
    }
    if (auto suspect = judge_garbage()) result.push_back(*std::move(suspect));
    std::stable_sort(result.begin(), result.end(),
                     [](const Suspect& a, const Suspect& b) { return a.retained > b.retained; });
    drop_small(result);
    return result;
  }

 private:
  std::int64_t count_now(std::string_view type) const { return now_.at(type); }
  std::int64_t grown_by(std::string_view type) const {
    const auto old = then_.find(type);
    return now_.at(type) - (old == then_.end() ? 0 : old->second);
  }
  double share(std::uint64_t bytes) const {
    return 100.0 * static_cast<double>(bytes) / static_cast<double>(tree_.bytes[tree_.root()]);
  }

  // How a pile is told: by which object's type, by which object's path, and how many of it are new.
  struct Told {
    ObjectId what{}, shown{};
    std::uint64_t count = 0;
  };
  // The first of these that fits:
  //
  //     the pile is                     told by              and counted as
  //     few objects, a chain below      its second object    the type's growth
  //     few objects                     -                    no growth
  //     bare containers, methods        what they are about  the type's growth
  //     nearly all the type's growth    itself               the type's growth: the rest is hidden
  //                                                          by addresses used again
  //     another part of it              itself               what is in it
  std::optional<Told> tell(const Pile& pile) const {
    const ObjectId core = core_of(after_, roles_, tree_, pile);
    const auto net =
        static_cast<std::uint64_t>(std::max<std::int64_t>(grown_by(type_name(after_, core)), 0));
    if (pile.count < static_cast<std::uint64_t>(kLeastCount)) {
      const auto second = second_of_chain(after_, tree_, pile);
      return second ? std::optional(Told{core, *second, net}) : std::nullopt;
    }
    if (core != pile.example) return Told{core, core, net};
    const bool nearly_all = pile.count >= net / 10 * 9;
    return Told{core, core, nearly_all ? net : pile.count};
  }

  std::optional<Suspect> judge(const Pile& pile) const {
    if (pile.retained < kLeastBytes) return std::nullopt;
    const auto told = tell(pile);
    if (!told) return std::nullopt;
    const std::string_view type = type_name(after_, told->what);
    const std::int64_t grown = grown_by(type), old = count_now(type) - grown;
    if (grown < kLeastCount || grown < old / kLeastPart) return std::nullopt;
    const TypeRole role = roles_.of(told->what);
    if (role == TypeRole::machinery) return std::nullopt;
    if (role == TypeRole::plain_value && share(pile.retained) < kLeastDataShare) {
      return std::nullopt;
    }
    Suspect suspect;
    suspect.kind = SuspectKind::growth;
    suspect.type = type;
    suspect.count = told->count;
    suspect.bytes = pile.bytes;
    suspect.retained = pile.retained;
    suspect.share = share(pile.retained);
    const ObjectId shown = paths_.has(told->shown) ? told->shown : pile.example;
    suspect.path = shape_text(after_, path_to(after_, paths_, shown));
    suspect.reason = std::to_string(old) + " before, " + std::to_string(count_now(type)) + " now";
    return suspect;
  }

  std::optional<Suspect> judge_garbage() const {
    const Unheld garbage = find_unheld(after_, paths_, roles_, fresh_);
    if (garbage.count < static_cast<std::uint64_t>(kLeastCount) ||
        garbage.footprint < kLeastBytes || grown_by(garbage.type) < kLeastCount) {
      return std::nullopt;
    }
    Suspect suspect;
    suspect.kind = SuspectKind::garbage;
    suspect.type = garbage.type;
    suspect.count = garbage.count;
    suspect.bytes = suspect.retained = garbage.footprint;
    suspect.share = share(garbage.footprint);
    suspect.reason = "cycles that the collector has not freed: heapglass cycles says which to cut";
    return suspect;
  }

  const HeapGraph& after_;
  Dominators tree_;
  ShortestPaths paths_;
  TypeRoles roles_;
  std::vector<bool> fresh_;
  Counts then_, now_;
};

}  // namespace

Suspicion find_growth(const HeapGraph& before, const HeapGraph& after, double seconds) {
  Suspicion result;
  result.suspects = Search(before, after).run();
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
