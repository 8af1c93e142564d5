#include "inspector/analysis/suspects.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "inspector/analysis/garbage.h"
#include "inspector/analysis/native_roots.h"
#include "inspector/analysis/ordinary.h"
#include "inspector/analysis/path_text.h"
#include "inspector/analysis/piles.h"
#include "inspector/graph/edge.h"
#include "inspector/graph/root_name.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kMany = 100;         // entries
constexpr std::uint64_t kManyClasses = 200;  // in one container
constexpr std::uint64_t kManyLost = 200;     // of a type, held by native code alone
constexpr std::uint64_t kFewKept = 20;       // exceptions with a traceback, finished tasks
constexpr std::uint64_t kLeastBytes = 128 << 10;
constexpr std::uint64_t kMuchGarbage = 10'000;  // objects; the collector's thresholds are below
// Percent of the heap: of anything; of a cache; of what a plain container holds; of what is data,
// or hangs from a local variable of a running function.
constexpr double kLeastShare = 1, kCacheShare = 2, kContainerShare = 5, kInUseShare = 25;

struct Candidate {
  Suspect suspect;
  double weight = 1;
};

class Search {
 public:
  explicit Search(const SuspectsInput& input)
      : input_(input),
        graph_(input.graph),
        tree_(dominators(graph_)),
        paths_(shortest_paths(graph_)),
        traceback_(number_of(".__traceback__")),
        in_hand_(locals_of_the_suspended()) {}

  Suspicion run() {
    std::vector<Candidate> candidates = suspicious_piles();
    add_garbage(candidates);
    add_lost(candidates);
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return score(a) > score(b); });
    Suspicion result;
    for (Candidate& candidate : candidates) result.suspects.push_back(std::move(candidate.suspect));
    result.verdict = verdict(result.suspects);
    return result;
  }

 private:
  static double score(const Candidate& candidate) {
    return candidate.weight * candidate.suspect.share;
  }
  double share(std::uint64_t bytes) const {
    const std::uint64_t all = tree_.bytes[tree_.root()];
    return all == 0 ? 0 : 100.0 * static_cast<double>(bytes) / static_cast<double>(all);
  }
  std::string_view type_name(ObjectId object) const {
    return graph_.types[index(graph_.type[index(object)])].name;
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
          type_name(graph_.reference_to[r]) == "traceback") {
        return true;
      }
    }
    return false;
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
        return type_name(ObjectId{parent}) != "tuple" || paths_.parent[parent] == parent ||
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
      const std::string_view type = type_name(object);
      if (is_plain_value(type) || is_machinery(type)) continue;
      if (is_entry(object) || is_finished(object) || is_open(object) || keeps_traceback(object)) {
        entries.push_back(object);
      }
    }
    return piles(graph_, tree_, paths_, entries);
  }

  // Only text and numbers below, as far as the first few tell.
  bool is_data(const Pile& pile) const {
    if (!is_bare_container(type_name(pile.example))) return false;
    constexpr std::size_t kMostLooked = 4096;
    std::size_t left = kMostLooked;
    for (const ObjectId object : pile.some) {
      const std::size_t begin = tree_.position[index(object)];
      const std::size_t end = begin + std::min<std::size_t>(tree_.nodes[index(object)], left);
      for (std::size_t at = begin; at < end; ++at) {
        const std::string_view type = type_name(ObjectId{tree_.preorder[at]});
        if (!is_plain_value(type) && !is_bare_container(type)) return false;
      }
      left -= end - begin;
    }
    return true;
  }

  static bool is_suspended(std::string_view type) {
    return type == "coroutine" || type == "generator" || type == "async_generator";
  }
  // What generators and coroutines refer to, up to 3.10 through their frames: they work with it.
  std::vector<bool> locals_of_the_suspended() const {
    std::vector<bool> found(graph_.size());
    const auto mark = [&](std::size_t from, auto take) {
      for (std::uint64_t r = graph_.reference_begin[from]; r < graph_.reference_begin[from + 1];
           ++r) {
        take(graph_.reference_to[r]);
      }
    };
    for (std::size_t i = 0; i < graph_.size(); ++i) {
      if (!is_suspended(type_name(ObjectId{static_cast<std::uint32_t>(i)}))) continue;
      mark(i, [&](ObjectId to) {
        found[index(to)] = true;
        if (type_name(to) == "frame")
          mark(index(to), [&](ObjectId local) { found[index(local)] = true; });
      });
    }
    return found;
  }

  bool hangs_from_frame(const Pile& pile) const {
    const Path path = path_to(graph_, paths_, pile.example);
    return path.root.root != kNoRoot && graph_.roots[path.root.root].kind == RootKind::frame;
  }
  // Connections, say, of which each is served by a coroutine.
  bool is_in_hand(const Pile& pile) const {
    return !is_suspended(type_name(pile.example)) &&
           most(pile, [&](ObjectId object) { return in_hand_[index(object)]; });
  }

  // The first object of a chain is held in another way than those that its likes hold.
  std::uint64_t heads_of_chains(const Pile& pile) const {
    const TypeId type = graph_.type[index(pile.example)];
    const auto follows = [&](std::uint32_t object) {
      const std::uint32_t above = holder_of(ObjectId{object});
      return above != object && graph_.type[above] == type;
    };
    const auto first = static_cast<std::uint32_t>(pile.example);
    return follows(first) && !is_entry_of_container(pile.example) ? 1 : 0;
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
    const bool dict = type_name(ObjectId{parent}) == "dict" && paths_.parent[parent] != parent;
    return dict ? paths_.parent[parent] : parent;
  }

  // Of a running function that will end: not of the one that runs for as long as the program.
  bool is_at_work_within(const Pile& pile) const {
    if (!hangs_from_frame(pile)) return false;
    const Root& root = graph_.roots[path_to(graph_, paths_, pile.example).root.root];
    const std::string_view place = parse_root_name(root.kind, graph_.root_names[root.name]).place;
    constexpr std::string_view kMainLoops[] = {
        "main(",  "_main(",         "<module>(", "run(",  "run_app(", "run_forever(",
        "serve(", "serve_forever(", "start(",    "loop(", "worker("};
    return std::none_of(std::begin(kMainLoops), std::end(kMainLoops),
                        [&](std::string_view name) { return place.starts_with(name); });
  }
  // A local variable of a running function that holds the entries itself.
  bool is_at_work(const Pile& pile) const {
    constexpr std::size_t kDirect = 2;  // of a frame that is an object, its local first
    return hangs_from_frame(pile) && path_to(graph_, paths_, pile.example).steps.size() <= kDirect;
  }

  template <class Is>
  bool most(const Pile& pile, Is is) const {
    const auto some = std::count_if(pile.some.begin(), pile.some.end(), is);
    return some * 2 > static_cast<std::ptrdiff_t>(pile.some.size());
  }

  std::optional<Candidate> candidate(const Pile& pile) const {
    Candidate result;
    Suspect& suspect = result.suspect;
    suspect.type = type_name(pile.example);
    suspect.count = pile.count;
    suspect.bytes = pile.bytes;
    suspect.retained = pile.retained;
    suspect.share = share(pile.retained);
    suspect.path = shape_text(graph_, path_to(graph_, paths_, pile.example));
    const bool exception = most(pile, [&](ObjectId object) { return keeps_traceback(object); });
    const bool task = most(pile, [&](ObjectId object) { return is_finished(object); });
    if (pile.count < (exception || task ? kFewKept : kMany)) return std::nullopt;
    if (is_own_cache(suspect.path) || is_at_work(pile)) return std::nullopt;
    const bool a_class = graph_.types[index(graph_.type[index(pile.example)])].is_class;
    if (a_class && pile.count < kManyClasses) return std::nullopt;
    const bool by_thread = suspect.path.find("thread-local") != std::string::npos ||
                           suspect.path.find("contextvars.ContextVar") != std::string::npos;
    const bool in_use = hangs_from_frame(pile) || is_data(pile);
    const bool cached = suspect.path.find("(lru_cache)") != std::string::npos;
    tell(exception, task, a_class, by_thread, cached, is_open(pile.example), result);
    if (suspect.kind == SuspectKind::container && (is_at_work_within(pile) || is_in_hand(pile))) {
      return std::nullopt;
    }
    suspect.count += heads_of_chains(pile);
    const double least = suspect.kind == SuspectKind::descriptor ? 0
                         : suspect.kind == SuspectKind::container
                             ? (in_use ? kInUseShare : kContainerShare)
                         : suspect.kind == SuspectKind::cache ? kCacheShare
                                                              : kLeastShare;
    if (suspect.share < least) return std::nullopt;
    return result;
  }

  static void tell(bool exception, bool task, bool a_class, bool by_thread, bool cached, bool open,
                   Candidate& candidate) {
    Suspect& suspect = candidate.suspect;
    const auto say = [&](SuspectKind kind, double weight, const char* reason) {
      suspect.kind = kind;
      candidate.weight = weight;
      suspect.reason = reason;
    };
    if (exception) {
      say(SuspectKind::exception, 2,
          "exceptions are kept with their tracebacks, and these keep every local of the frames "
          "they went through: keep the text instead, or clear __traceback__");
    } else if (task) {
      say(SuspectKind::task, 2,
          "tasks and futures are finished and still referred to: drop them when they are done "
          "(add_done_callback(tasks.discard))");
    } else if (by_thread) {
      say(SuspectKind::of_thread, 2,
          "a thread or a context keeps them for as long as it lives: clear them when a piece of "
          "work ends");
    } else if (cached) {
      say(SuspectKind::cache, 1.5,
          "an lru_cache keeps its arguments and results, `self` of a method among them: bound it, "
          "or cache outside of the method");
    } else if (a_class) {
      say(SuspectKind::dynamic_class, 2,
          "classes are made at run time and kept: make each once, and look it up");
    } else if (open) {
      say(SuspectKind::descriptor, 1.5, "descriptors are open and kept: close them");
    } else {
      say(SuspectKind::container, 1,
          "a container holds them: look for what adds to it and for what should remove");
    }
  }

  std::vector<Candidate> suspicious_piles() const {
    std::vector<Candidate> result;
    for (const Pile& pile : entry_piles()) {
      const bool open = is_open(pile.example) && pile.count >= kMany;
      if (!open && (pile.retained < kLeastBytes || share(pile.retained) < kLeastShare)) continue;
      std::optional<Candidate> found = candidate(pile);
      if (!found) continue;
      const auto within = std::find_if(result.begin(), result.end(), [&](const Candidate& other) {
        return is_below(found->suspect.path, other.suspect.path);
      });
      // Tasks may be in use, and the exceptions that their contexts keep are not.
      const bool of_its_own = within != result.end() &&
                              within->suspect.kind == SuspectKind::container &&
                              found->suspect.kind != SuspectKind::container &&
                              found->suspect.kind != SuspectKind::cache &&
                              found->suspect.retained * 4 > within->suspect.retained;
      if (within == result.end() || of_its_own) {
        result.push_back(std::move(*found));
      } else if (is_told_better_by(*within, *found)) {
        *within = std::move(*found);
      }
    }
    return result;
  }

  static bool is_below(std::string_view path, std::string_view outer) {
    return path.size() >= outer.size() && path.starts_with(outer);
  }
  // A container's own entries say more than it does: of a dict of lists of sessions the sessions;
  // of connections that keep their last error each, that it is errors.
  static bool is_told_better_by(const Candidate& outer, const Candidate& inner) {
    if (inner.suspect.retained * 4 < outer.suspect.retained) return false;
    return is_bare_container(outer.suspect.type) && !is_bare_container(inner.suspect.type);
  }

  void add_garbage(std::vector<Candidate>& to) const {
    const Garbage garbage = find_garbage(graph_, input_.weak_entries);
    std::uint64_t retained = 0;
    std::unordered_map<std::string_view, std::uint64_t> types;
    for (std::uint32_t i = 0; i < graph_.size(); ++i) {
      if (paths_.has(ObjectId{i})) continue;
      retained += graph_.footprint[i];
      const std::string_view type = type_name(ObjectId{i});
      if (!is_plain_value(type) && !is_machinery(type) && !is_bare_container(type)) ++types[type];
    }
    const bool uncollected =
        !input_.collector_enabled && garbage.count >= kMany && share(retained) >= kContainerShare;
    const bool much = garbage.count >= kMuchGarbage && share(retained) >= kInUseShare;
    if (garbage.legacy_count < kMany && !((uncollected || much) && retained >= kLeastBytes)) return;
    std::pair<std::string_view, std::uint64_t> first{"", 0};
    for (const auto& entry : types) {
      if (entry.second > first.second ||
          (entry.second == first.second && entry.first < first.first)) {
        first = entry;
      }
    }
    Candidate candidate;
    Suspect& suspect = candidate.suspect;
    suspect.kind = SuspectKind::garbage;
    suspect.type = first.first;
    suspect.count = first.second != 0 ? first.second : garbage.count;
    suspect.bytes = garbage.bytes;
    suspect.retained = retained;
    suspect.share = share(retained);
    suspect.reason =
        garbage.legacy_count != 0 ? "cycles with a finalizer in C (tp_del) are never collected"
        : input_.collector_enabled
            ? "cycles wait for the collector: heapglass cycles says which reference to cut"
            : "cycles are garbage and the collector is off (gc.disable): heapglass cycles "
              "says which reference to cut";
    candidate.weight = 2;
    to.push_back(std::move(candidate));
  }

  // Held by native code alone.
  void add_lost(std::vector<Candidate>& to) const {
    std::vector<ObjectId> lost;
    for (const RootEdge& edge : tree_.used) {
      if (tree_.roots.owners[edge.owner].kind != OwnerKind::native) continue;
      constexpr std::uint8_t kNobodys = HeapGraph::kImmortal | HeapGraph::kUncounted;
      if (graph_.flags[index(edge.to)] & kNobodys) continue;
      if (is_machinery(type_name(edge.to))) continue;
      if (graph_.types[index(graph_.type[index(edge.to)])].is_class) continue;
      lost.push_back(edge.to);
    }
    std::sort(lost.begin(), lost.end());
    for (const Pile& pile : piles(graph_, tree_, paths_, lost)) {
      if (pile.count < kManyLost || share(pile.retained) < kLeastShare) continue;
      Candidate candidate;
      Suspect& suspect = candidate.suspect;
      suspect.kind = SuspectKind::orphan;
      suspect.type = type_name(pile.example);
      suspect.count = pile.count;
      suspect.bytes = pile.bytes;
      suspect.retained = pile.retained;
      suspect.share = share(pile.retained);
      suspect.path = shape_text(graph_, path_to(graph_, paths_, pile.example));
      suspect.reason =
          "nothing found refers to them, and their counts say that something does: a C extension "
          "keeps them, or has lost a reference (a missing Py_DECREF)";
      candidate.weight = 2;
      to.push_back(std::move(candidate));
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
  std::optional<std::uint32_t> traceback_;
  std::vector<bool> in_hand_;  // by object
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
