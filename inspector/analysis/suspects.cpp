#include "inspector/analysis/suspects.h"

#include <algorithm>
#include <optional>

#include "inspector/analysis/entries.h"
#include "inspector/analysis/garbage.h"
#include "inspector/analysis/holding.h"
#include "inspector/analysis/in_use.h"
#include "inspector/analysis/names_of.h"
#include "inspector/analysis/ordinary.h"
#include "inspector/analysis/path_text.h"
#include "inspector/analysis/piles.h"
#include "inspector/analysis/suspect_rules.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kMuchGarbage = 10'000;  // objects; the collector's thresholds are below

class Search {
 public:
  explicit Search(const SuspectsInput& input)
      : input_(input),
        graph_(input.graph),
        tree_(dominators(graph_)),
        paths_(shortest_paths(graph_)),
        roles_(graph_),
        in_use_(graph_),
        entries_(graph_, input.columns, paths_, roles_) {}

  Suspicion run() {
    Suspicion result;
    result.suspects = suspicious_piles();
    add_garbage(result.suspects);
    add_lost(OwnerKind::orphan, SuspectKind::orphan, result.suspects);
    add_lost(OwnerKind::native, SuspectKind::native, result.suspects);
    std::stable_sort(result.suspects.begin(), result.suspects.end(),
                     [](const Suspect& a, const Suspect& b) { return score(a) > score(b); });
    result.verdict = verdict(result.suspects);
    return result;
  }

 private:
  static double score(const Suspect& suspect) {
    return rule_of(suspect.kind).weight * suspect.share;
  }
  double share(std::uint64_t bytes) const {
    const std::uint64_t all = tree_.bytes[tree_.root()];
    return all == 0 ? 0 : 100.0 * static_cast<double>(bytes) / static_cast<double>(all);
  }
  // Only text and numbers below, as far as the first few tell.
  bool is_data(const Pile& pile) const {
    if (roles_.of(pile.example) != TypeRole::bare_container) return false;
    constexpr std::size_t kMostLooked = 4096;
    std::size_t left = kMostLooked;
    for (const ObjectId object : pile.some) {
      const std::size_t begin = tree_.position[index(object)];
      const std::size_t end = begin + std::min<std::size_t>(tree_.nodes[index(object)], left);
      for (std::size_t at = begin; at < end; ++at) {
        const TypeRole role = roles_.of(ObjectId{tree_.preorder[at]});
        if (role != TypeRole::plain_value && role != TypeRole::bare_container) return false;
      }
      left -= end - begin;
    }
    return true;
  }

  bool is_in_hand(const Pile& pile) const {
    return !is_suspended(type_name(graph_, pile.example)) &&
           most(pile, [&](ObjectId object) { return in_use_.in_hand(object); });
  }

  template <class Is>
  bool most(const Pile& pile, Is is) const {
    const auto some = std::count_if(pile.some.begin(), pile.some.end(), is);
    return some * 2 > static_cast<std::ptrdiff_t>(pile.some.size());
  }

  Suspect suspect_of(const Pile& pile, const Path& path) const {
    Suspect suspect;
    suspect.type = type_name(graph_, pile.example);
    suspect.count = pile.count;
    suspect.bytes = pile.bytes;
    suspect.retained = pile.retained;
    suspect.share = share(pile.retained);
    suspect.path = shape_text(graph_, path);
    return suspect;
  }

  SuspectKind kind_of(const Pile& pile, const Path& path) const {
    const auto mostly = [&](bool (Entries::*is)(ObjectId) const) {
      return most(pile, [&](ObjectId object) { return (entries_.*is)(object); });
    };
    if (mostly(&Entries::keeps_traceback)) return SuspectKind::exception;
    if (mostly(&Entries::is_finished)) return SuspectKind::task;
    if (is_of_thread(graph_, path)) return SuspectKind::of_thread;
    if (cache_of(graph_, path)) return SuspectKind::cache;
    if (entries_.is_class(pile.example)) return SuspectKind::dynamic_class;
    return entries_.is_open(pile.example) ? SuspectKind::descriptor : SuspectKind::container;
  }

  // Whether it would go with its thread: what a module has, too, is more than in use.
  bool is_one_threads(ObjectId object) const {
    std::uint32_t node = tree_.dominator[index(object)];
    while (tree_.is_object(node)) node = tree_.dominator[node];
    return node != tree_.root() &&
           tree_.roots.owners[node - tree_.objects].kind == OwnerKind::thread;
  }

  // A cache with a bound that answers more often than it has to ask: as it was meant.
  bool pays(ObjectId cache) const {
    const LruCache* lru = input_.columns.lru.of(cache);
    return lru != nullptr && lru->maxsize != LruCache::kUnbounded && lru->hits > lru->misses;
  }

  std::optional<Suspect> judge(const Pile& pile) const {
    const Path path = path_to(graph_, paths_, pile.example);
    Suspect suspect = suspect_of(pile, path);
    if (is_own_cache(suspect.path)) return std::nullopt;
    const bool of_frame = in_use_.from_frame(path) && is_one_threads(pile.example);
    if (of_frame && in_use_.by_local(path)) return std::nullopt;
    suspect.kind = kind_of(pile, path);
    const SuspectRule& rule = rule_of(suspect.kind);
    if (pile.count < rule.least_count) return std::nullopt;
    if (entries_.is_class(pile.example) && pile.count < kManyClasses) return std::nullopt;
    double least = rule.least_share;
    if (suspect.kind == SuspectKind::cache && pays(*cache_of(graph_, path))) least = kCacheShare;
    if (suspect.kind == SuspectKind::container) {
      if ((of_frame && in_use_.for_a_while(path)) || is_in_hand(pile)) return std::nullopt;
      if (of_frame || is_data(pile)) least = kInUseShare;
    }
    if (suspect.share < least) return std::nullopt;
    suspect.count += entries_.heads_of_chains(pile);
    suspect.reason = rule.reason;
    return suspect;
  }

  std::vector<Suspect> suspicious_piles() const {
    std::vector<Suspect> result;
    for (const Pile& pile : piles(graph_, tree_, paths_, entries_.all())) {
      const bool open = entries_.is_open(pile.example) && pile.count >= kMany;
      if (!open && (pile.retained < kLeastBytes || share(pile.retained) < kLeastShare)) continue;
      std::optional<Suspect> found = judge(pile);
      if (!found) continue;
      const auto outer = std::find_if(result.begin(), result.end(), [&](const Suspect& other) {
        return std::string_view(found->path).starts_with(other.path);
      });
      if (outer == result.end() || is_of_its_own(*outer, *found)) {
        result.push_back(std::move(*found));
      } else if (is_told_better_by(*outer, *found)) {
        *outer = std::move(*found);
      }
    }
    return result;
  }

  // Tasks may be in use, and the exceptions that their contexts keep are not.
  static bool is_of_its_own(const Suspect& outer, const Suspect& inner) {
    return outer.kind == SuspectKind::container && inner.kind != SuspectKind::container &&
           inner.kind != SuspectKind::cache && inner.retained * 4 > outer.retained;
  }
  // A container's own entries say more than it does: of a dict of lists of sessions the sessions;
  // of connections that keep their last error each, that it is errors.
  static bool is_told_better_by(const Suspect& outer, const Suspect& inner) {
    return inner.retained * 4 >= outer.retained &&
           type_role(outer.type) == TypeRole::bare_container &&
           type_role(inner.type) != TypeRole::bare_container;
  }

  void add_garbage(std::vector<Suspect>& to) const {
    const Garbage garbage = find_garbage(graph_, input_.weak_entries, input_.free_threaded);
    const Unheld unheld = find_unheld(graph_, paths_, roles_);
    Suspect suspect;
    suspect.kind = SuspectKind::garbage;
    suspect.type = unheld.type;
    suspect.count = unheld.count != 0 ? unheld.count : garbage.count;
    suspect.bytes = garbage.bytes;
    suspect.retained = unheld.footprint;
    suspect.share = share(unheld.footprint);
    const bool never = garbage.legacy_count >= kMany;
    const bool uncollected =
        !input_.collector_enabled && garbage.count >= kMany && suspect.share >= kContainerShare;
    const bool much = garbage.count >= kMuchGarbage && suspect.share >= kInUseShare;
    if (!never && !((uncollected || much) && unheld.footprint >= kLeastBytes)) return;
    suspect.reason =
        garbage.legacy_count != 0 ? "cycles with a finalizer in C (tp_del) are never collected"
        : input_.collector_enabled
            ? "cycles wait for the collector: heapglass cycles says which reference to cut"
            : "cycles are garbage and the collector is off (gc.disable): heapglass cycles "
              "says which reference to cut";
    to.push_back(std::move(suspect));
  }

  // Whether there are objects whose own memory is not seen, numpy's arrays say: they may hold text
  // and numbers that nothing else does, and one look cannot tell these from lost ones.
  bool is_some_memory_unseen() const {
    return std::any_of(graph_.flags.begin(), graph_.flags.end(),
                       [](std::uint8_t flags) { return flags & HeapGraph::kInferred; });
  }

  // Held by native code alone.
  void add_lost(OwnerKind owner, SuspectKind kind, std::vector<Suspect>& to) const {
    std::vector<ObjectId> lost;
    for (const RootEdge& edge : tree_.used) {
      if (tree_.roots.owners[edge.owner].kind != owner) continue;
      constexpr std::uint8_t kNobodys = HeapGraph::kImmortal | HeapGraph::kUncounted;
      if (graph_.flags[index(edge.to)] & kNobodys) continue;
      if (roles_.of(edge.to) == TypeRole::machinery || entries_.is_class(edge.to)) continue;
      lost.push_back(edge.to);
    }
    std::sort(lost.begin(), lost.end());
    const bool unseen = is_some_memory_unseen();
    const SuspectRule& rule = rule_of(kind);
    for (const Pile& pile : piles(graph_, tree_, paths_, lost)) {
      if (pile.count < rule.least_count || share(pile.retained) < rule.least_share) continue;
      if (unseen && roles_.of(pile.example) == TypeRole::plain_value) continue;
      Suspect& suspect = to.emplace_back(suspect_of(pile, path_to(graph_, paths_, pile.example)));
      suspect.kind = kind;
      suspect.reason = rule.reason;
    }
  }

  std::string verdict(const std::vector<Suspect>& suspects) const {
    if (!suspects.empty()) {
      const Suspect& first = suspects.front();
      return std::to_string(first.count) + " " + first.type + " retain " +
             std::to_string(static_cast<int>(first.share + 0.5)) + " % of the heap" +
             (first.path.empty() ? std::string() : ", held by " + first.path);
    }
    return "nothing stands out: no container, cache, thread or task holds many of a program's own "
           "objects with a hundredth of the heap, no garbage to speak of waits, no references are "
           "lost";
  }

  const SuspectsInput& input_;
  const HeapGraph& graph_;
  Dominators tree_;
  ShortestPaths paths_;
  TypeRoles roles_;
  InUse in_use_;
  Entries entries_;
};

}  // namespace

Suspicion find_suspects(const SuspectsInput& input) { return Search(input).run(); }

}  // namespace heapglass
