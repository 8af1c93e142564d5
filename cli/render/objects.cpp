#include "cli/render/objects.h"

#include <array>
#include <charconv>

namespace heapglass {

std::string address_text(Address address) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), address, 16).ptr;
  return "0x" + std::string(digits.begin(), end);
}

std::string label_text(const HeapGraph& graph, ObjectId from, std::uint64_t reference,
                       const KeyText& key_text) {
  std::string text;
  append_label(text, graph, from, reference, key_text);
  return text;
}

std::string for_terminal(std::string text, const Terminal& terminal) {
  if (terminal.unicode) return text;
  for (const auto& [from, to] :
       {std::pair<std::string_view, std::string_view>{"\u2192", "->"}, {"\u2026", "..."}}) {
    for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

std::string held_by(const HeapGraph& graph, const ShortestPaths& paths, ObjectId object,
                    const KeyText& key_text) {
  if (!paths.has(object)) return "nothing: it is garbage";
  return path_text(graph, path_to(graph, paths, object), key_text);
}

std::string node_text(const HeapGraph& graph, const ShortestPaths& paths, const Dominators& tree,
                      std::uint32_t node) {
  if (tree.is_object(node)) return held_by(graph, paths, ObjectId{node});
  if (node == tree.root()) return "the whole heap";
  return tree.roots.owners[node - tree.objects].name;
}

Json object_json(const HeapGraph& graph, ObjectId object) {
  return {{"address", address_text(graph.address[index(object)])},
          {"type", type_name(graph, object)}};
}

Json root_json(const HeapGraph& graph, const RootEdge& root) {
  if (root.root == kNoRoot) return {{"kind", "native"}, {"name", root_text(graph, root)}};
  const Root& known = graph.roots[root.root];
  return {{"kind", root_kind_name(known.kind)}, {"name", graph.root_names[known.name]}};
}

Json path_json(const HeapGraph& graph, const Path& path, const KeyText& key_text) {
  constexpr std::size_t kMost = 1000;
  const std::size_t size = path.steps.size();
  Json steps = Json::array();
  Json first = object_json(graph, path.root.to);
  first["edge"] = nullptr;
  steps.push_back(std::move(first));
  ObjectId from = path.root.to;
  for (std::size_t i = 0; i < size; ++i) {
    const PathStep& step = path.steps[i];
    if (size <= kMost || i < kMost / 2 || i >= size - kMost / 2) {
      Json next = object_json(graph, step.to);
      next["edge"] = label_text(graph, from, step.reference, key_text);
      steps.push_back(std::move(next));
    }
    from = step.to;
  }
  Json result{{"root", root_json(graph, path.root)}, {"steps", std::move(steps)}};
  if (size > kMost) result["steps_left_out"] = size - kMost;
  return result;
}

}  // namespace heapglass
