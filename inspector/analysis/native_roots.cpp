#include "inspector/analysis/native_roots.h"

#include <utility>

#include "inspector/graph/edge.h"

namespace heapglass {

namespace {

// References by what they lead to, of objects that no root leads to. Inferred ones explain a count
// as well as others, so that no guess makes a native root.
std::vector<std::uint32_t> counted_references(const HeapGraph& graph,
                                              const std::vector<bool>& reached) {
  std::vector<std::uint32_t> counted(graph.size());
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (reached[i] || (graph.flags[i] & HeapGraph::kUncounted)) continue;
    for (std::uint64_t r = graph.reference_begin[i]; r < graph.reference_begin[i + 1]; ++r) {
      if (edge_kind(graph.edge[r]) == ReferenceKind::borrowed) continue;
      ++counted[index(graph.reference_to[r])];
    }
  }
  return counted;
}

class Reach {
 public:
  explicit Reach(const HeapGraph& graph) : graph_(graph), seen_(graph.size()) {}

  std::vector<bool> take() && { return std::move(seen_); }
  void from(std::size_t object) {
    add(object);
    while (!waiting_.empty()) {
      const std::size_t at = waiting_.back();
      waiting_.pop_back();
      for (std::uint64_t r = graph_.reference_begin[at]; r < graph_.reference_begin[at + 1]; ++r) {
        add(index(graph_.reference_to[r]));
      }
    }
  }

 private:
  void add(std::size_t object) {
    if (seen_[object]) return;
    seen_[object] = true;
    waiting_.push_back(static_cast<std::uint32_t>(object));
  }

  const HeapGraph& graph_;
  std::vector<bool> seen_;
  std::vector<std::uint32_t> waiting_;
};

}  // namespace

std::vector<NativeRoot> native_roots(const HeapGraph& graph) {
  Reach reach(graph);
  for (const Root& root : graph.roots) reach.from(index(root.to));
  return native_roots(graph, std::move(reach).take());
}

std::vector<NativeRoot> native_roots(const HeapGraph& graph, const std::vector<bool>& reached) {
  const std::vector<std::uint32_t> counted = counted_references(graph, reached);
  std::vector<NativeRoot> roots;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    // Immortal objects are nobody's; what holds without counting is the interpreter's own.
    constexpr std::uint8_t kNobodys = HeapGraph::kImmortal | HeapGraph::kUncounted;
    if (reached[i] || (graph.flags[i] & kNobodys)) continue;
    if (graph.refcount[i] <= counted[i]) continue;
    roots.push_back(
        {ObjectId{static_cast<std::uint32_t>(i)}, graph.refcount[i] - counted[i], counted[i] == 0});
  }
  return roots;
}

}  // namespace heapglass
