#include "inspector/analysis/in_use.h"

#include <algorithm>
#include <string_view>

#include "inspector/analysis/names_of.h"
#include "inspector/graph/root_name.h"

namespace heapglass {

namespace {

constexpr std::string_view kMainLoops[] = {
    "main(",  "_main(",         "<module>(", "run(",  "run_app(", "run_forever(",
    "serve(", "serve_forever(", "start(",    "loop(", "worker("};

}  // namespace

InUse::InUse(const HeapGraph& graph) : graph_(graph), in_hand_(graph.size()) {
  const auto referents = [&](std::size_t of, const auto& take) {
    for (std::uint64_t r = graph.reference_begin[of]; r < graph.reference_begin[of + 1]; ++r) {
      take(graph.reference_to[r]);
    }
  };
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    if (!is_suspended(type_name(graph, ObjectId{i}))) continue;
    referents(i, [&](ObjectId held) {
      in_hand_[index(held)] = true;
      // Up to 3.10 its locals are its frame's.
      if (type_name(graph, held) != "frame") return;
      referents(index(held), [&](ObjectId local) { in_hand_[index(local)] = true; });
    });
  }
}

bool InUse::from_frame(const Path& path) const {
  return path.root.root != kNoRoot && graph_.roots[path.root.root].kind == RootKind::frame;
}

bool InUse::by_local(const Path& path) const {
  constexpr std::size_t kDirect = 2;  // of a frame that is an object, its local first
  return from_frame(path) && path.steps.size() <= kDirect;
}

bool InUse::for_a_while(const Path& path) const {
  if (!from_frame(path)) return false;
  const Root& root = graph_.roots[path.root.root];
  const std::string_view place = parse_root_name(root.kind, graph_.root_names[root.name]).place;
  return std::none_of(std::begin(kMainLoops), std::end(kMainLoops),
                      [&](std::string_view name) { return place.starts_with(name); });
}

}  // namespace heapglass
