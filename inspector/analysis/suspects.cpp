#include "inspector/analysis/suspects.h"

#include <algorithm>
#include <array>
#include <optional>

#include "inspector/analysis/garbage.h"
#include "inspector/analysis/in_use.h"
#include "inspector/analysis/ordinary.h"
#include "inspector/analysis/path_text.h"
#include "inspector/analysis/piles.h"
#include "inspector/graph/edge.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kMany = 100;         // entries
constexpr std::uint64_t kManyClasses = 200;  // in one container
constexpr std::uint64_t kManyLost = 200;     // of a type, held by native code alone
constexpr std::uint64_t kFewKept = 20;       // exceptions with a traceback, finished tasks
constexpr std::uint64_t kLeastBytes = 128 << 10;
constexpr std::uint64_t kMuchGarbage = 10'000;  // objects; the collector's thresholds are below
// Percent of the heap: of anything; of what a plain container holds; of what is data, or hangs from
// a local variable of a running function.
constexpr double kLeastShare = 1, kContainerShare = 5, kInUseShare = 25;

// From when on a pile of that kind is told, how it weighs against others of the same share, and
// what to look at.
struct Rule {
  SuspectKind kind;
  std::uint64_t least_count;
  double least_share;
  double weight;
  const char* reason;
};
constexpr Rule kRules[] = {
    {SuspectKind::exception, kFewKept, kLeastShare, 2,
     "exceptions are kept with their tracebacks, and these keep every local of the frames they "
     "went through: keep the text instead, or clear __traceback__"},
    {SuspectKind::task, kFewKept, kLeastShare, 2,
     "tasks and futures are finished and still referred to: drop them when they are done "
     "(add_done_callback(tasks.discard))"},
    {SuspectKind::of_thread, kMany, kLeastShare, 2,
     "a thread or a context keeps them for as long as it lives: clear them when a piece of work "
     "ends"},
    {SuspectKind::cache, kMany, 2, 1.5,
     "an lru_cache keeps its arguments and results, `self` of a method among them: bound it, or "
     "cache outside of the method"},
    {SuspectKind::dynamic_class, kManyClasses, kLeastShare, 2,
     "classes are made at run time and kept: make each once, and look it up"},
    // Few bytes are ours, the kernel's are not counted.
    {SuspectKind::descriptor, kMany, 0, 1.5, "descriptors are open and kept: close them"},
    {SuspectKind::container, kMany, kContainerShare, 1,
     "a container holds them: look for what adds to it and for what should remove"},
    {SuspectKind::garbage, 0, 0, 2, ""},
    {SuspectKind::orphan, kManyLost, kLeastShare, 2,
     "nothing found refers to them, and their counts say that something does: a C extension keeps "
     "them, or has lost a reference (a missing Py_DECREF)"},
};

const Rule& rule_of(SuspectKind kind) {
  return *std::find_if(std::begin(kRules), std::end(kRules),
                       [&](const Rule& rule) { return rule.kind == kind; });
}

class Search {
 public:
  explicit Search(const SuspectsInput& input)
      : input_(input),
        graph_(input.graph),
        tree_(dominators(graph_)),
        paths_(shortest_paths(graph_)),
        roles_(graph_),
        in_use_(graph_),
        traceback_(number_of(".__traceback__")) {}

  Suspicion run() {
    Suspicion result;
    result.suspects = suspicious_piles();
    add_garbage(result.suspects);
    add_lost(result.suspects);
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
  std::optional<std::uint32_t> number_of(std::string_view name) const {
    const auto at = std::find(graph_.names.begin(), graph_.names.end(), name);
    if (at == graph_.names.end()) return std::nullopt;
    return static_cast<std::uint32_t>(at - graph_.names.begin());
  }

  // An exception that has a traceback, and with it the frames.
  bool keeps_traceback(ObjectId object) const {
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
  bool is_class(ObjectId object) const {
    return graph_.types[index(graph_.type[index(object)])].is_class;
  }
  bool is_open(ObjectId object) const {
    const std::int32_t* fd = input_.columns.fd.of(object);
    return fd != nullptr && *fd >= 0;
  }
  bool is_finished(ObjectId object) const {
    const FutureState* state = input_.columns.future.of(object);
    return state != nullptr && *state != FutureState::pending;
  }

  // Whether its path comes to it as to one of many: as an entry of a container, or as the next one
  // of a chain.
  bool is_entry(ObjectId object) const {
    const std::uint32_t parent = paths_.parent[index(object)];
    if (parent == index(object)) return false;
    const std::uint64_t reference = graph_.reference_begin[parent] + paths_.via[index(object)];
    switch (edge_label(graph_.edge[reference])) {
      case LabelKind::item:
        return type_name(graph_, ObjectId{parent}) != "tuple" || paths_.parent[parent] == parent ||
               is_entry(ObjectId{parent});
      case LabelKind::key:
      case LabelKind::value:
        return true;
      case LabelKind::field:
      case LabelKind::attribute: {
        if (graph_.names[edge_index(graph_.edge[reference])] == "<member>") return true;
        return graph_.type[holder_of(object)] == graph_.type[index(object)];
      }
      case LabelKind::local:
      case LabelKind::stack:
      case LabelKind::unnamed:
        return false;
    }
    return false;
  }

  std::vector<Pile> entry_piles() const {
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
    return piles(graph_, tree_, paths_, entries);
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
    return !InUse::is_suspended(type_name(graph_, pile.example)) &&
           most(pile, [&](ObjectId object) { return in_use_.in_hand(object); });
  }

  // The first object of a chain is held in another way than those that its likes hold.
  std::uint64_t heads_of_chains(const Pile& pile) const {
    const auto first = static_cast<std::uint32_t>(pile.example);
    const std::uint32_t above = holder_of(pile.example);
    const bool follows = above != first && graph_.type[above] == graph_.type[first];
    return follows && !is_entry_of_container(pile.example) ? 1 : 0;
  }
  bool is_entry_of_container(ObjectId object) const {
    const std::uint32_t parent = paths_.parent[index(object)];
    const std::uint64_t reference = graph_.reference_begin[parent] + paths_.via[index(object)];
    const LabelKind kind = edge_label(graph_.edge[reference]);
    return kind != LabelKind::field && kind != LabelKind::attribute;
  }
  // Who refers to it on its path, but for an instance's dict.
  std::uint32_t holder_of(ObjectId object) const {
    const std::uint32_t parent = paths_.parent[index(object)];
    const bool dict =
        type_name(graph_, ObjectId{parent}) == "dict" && paths_.parent[parent] != parent;
    return dict ? paths_.parent[parent] : parent;
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

  SuspectKind kind_of(const Pile& pile, std::string_view path) const {
    const auto says = [&](std::string_view words) { return path.find(words) != path.npos; };
    if (most(pile, [&](ObjectId object) { return keeps_traceback(object); })) {
      return SuspectKind::exception;
    }
    if (most(pile, [&](ObjectId object) { return is_finished(object); })) return SuspectKind::task;
    if (says("thread-local") || says("contextvars.ContextVar")) return SuspectKind::of_thread;
    if (says("(lru_cache)")) return SuspectKind::cache;
    if (is_class(pile.example)) return SuspectKind::dynamic_class;
    return is_open(pile.example) ? SuspectKind::descriptor : SuspectKind::container;
  }

  std::optional<Suspect> judge(const Pile& pile) const {
    const Path path = path_to(graph_, paths_, pile.example);
    Suspect suspect = suspect_of(pile, path);
    if (is_own_cache(suspect.path) || in_use_.by_local(path)) return std::nullopt;
    suspect.kind = kind_of(pile, suspect.path);
    const Rule& rule = rule_of(suspect.kind);
    if (pile.count < rule.least_count) return std::nullopt;
    if (is_class(pile.example) && pile.count < kManyClasses) return std::nullopt;
    double least = rule.least_share;
    if (suspect.kind == SuspectKind::container) {
      if (in_use_.for_a_while(path) || is_in_hand(pile)) return std::nullopt;
      if (in_use_.from_frame(path) || is_data(pile)) least = kInUseShare;
    }
    if (suspect.share < least) return std::nullopt;
    suspect.count += heads_of_chains(pile);
    suspect.reason = rule.reason;
    return suspect;
  }

  std::vector<Suspect> suspicious_piles() const {
    std::vector<Suspect> result;
    for (const Pile& pile : entry_piles()) {
      const bool open = is_open(pile.example) && pile.count >= kMany;
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
    const Garbage garbage = find_garbage(graph_, input_.weak_entries);
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

  // Held by native code alone.
  void add_lost(std::vector<Suspect>& to) const {
    std::vector<ObjectId> lost;
    for (const RootEdge& edge : tree_.used) {
      if (tree_.roots.owners[edge.owner].kind != OwnerKind::native) continue;
      constexpr std::uint8_t kNobodys = HeapGraph::kImmortal | HeapGraph::kUncounted;
      if (graph_.flags[index(edge.to)] & kNobodys) continue;
      if (roles_.of(edge.to) == TypeRole::machinery || is_class(edge.to)) continue;
      lost.push_back(edge.to);
    }
    std::sort(lost.begin(), lost.end());
    const Rule& rule = rule_of(SuspectKind::orphan);
    for (const Pile& pile : piles(graph_, tree_, paths_, lost)) {
      if (pile.count < rule.least_count || share(pile.retained) < rule.least_share) continue;
      Suspect& suspect = to.emplace_back(suspect_of(pile, path_to(graph_, paths_, pile.example)));
      suspect.kind = rule.kind;
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
           "objects with a hundredth of the heap, no garbage waits, no references are lost";
  }

  const SuspectsInput& input_;
  const HeapGraph& graph_;
  Dominators tree_;
  ShortestPaths paths_;
  TypeRoles roles_;
  InUse in_use_;
  std::optional<std::uint32_t> traceback_;
};

}  // namespace

std::string_view suspect_kind_name(SuspectKind kind) {
  constexpr std::array<std::string_view, 11> kNames{
      "growth",  "cache",  "container", "exception",     "thread_local", "task",
      "garbage", "orphan", "native",    "dynamic_class", "descriptor"};
  return kNames[static_cast<std::size_t>(kind)];
}

Suspicion find_suspects(const SuspectsInput& input) { return Search(input).run(); }

}  // namespace heapglass
