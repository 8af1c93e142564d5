// The dominator tree as text and JSON.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/render/retained.h"

namespace heapglass {
namespace {

std::uint64_t all_bytes(const Dominators& tree) { return tree.bytes[tree.root()]; }

std::string share(const Dominators& tree, std::uint64_t bytes) {
  return percent(bytes, all_bytes(tree));
}

constexpr std::size_t kDeepest = 16;  // levels of the tree that are told

struct Branch {
  std::vector<std::uint32_t> shown;  // heaviest first
  std::vector<std::uint32_t> left;
};

struct Rest {
  std::uint64_t bytes = 0;
  std::string text;  // "25,000 app.Session and 300 others"
};

// What is not told one by one: most of it by type.
Rest rest_of(const RetainedView& view, const std::vector<std::uint32_t>& nodes) {
  Rest rest;
  std::unordered_map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> types;  // bytes, count
  for (const std::uint32_t node : nodes) {
    rest.bytes += view.tree.bytes[node];
    if (!view.tree.is_object(node)) continue;
    auto& [bytes, count] = types[static_cast<std::uint32_t>(view.graph.type[node])];
    bytes += view.tree.bytes[node];
    ++count;
  }
  const auto most = std::max_element(types.begin(), types.end(), [](const auto& a, const auto& b) {
    return a.second.first < b.second.first;
  });
  if (most == types.end()) return rest;
  rest.text = thousands(most->second.second) + ' ' + view.graph.types[most->first].name;
  const std::uint64_t others = nodes.size() - most->second.second;
  if (others != 0)
    rest.text += " (" + human_bytes(most->second.first) + ") and " + thousands(others) + " others";
  return rest;
}

Branch branch(const Dominators& tree, std::uint32_t node, std::uint64_t least, std::size_t top) {
  Branch result;
  tree.for_each_child(node, [&](std::uint32_t child) {
    if (tree.bytes[child] >= least) {
      result.shown.push_back(child);
    } else {
      result.left.push_back(child);
    }
  });
  std::sort(result.shown.begin(), result.shown.end(), [&](std::uint32_t a, std::uint32_t b) {
    return tree.bytes[a] != tree.bytes[b] ? tree.bytes[a] > tree.bytes[b] : a < b;
  });
  while (result.shown.size() > top) {
    result.left.push_back(result.shown.back());
    result.shown.pop_back();
  }
  return result;
}

// By which reference its dominator holds it; empty: by several ways.
std::string held_under(const RetainedView& view, std::uint32_t above, std::uint32_t child) {
  const HeapGraph& graph = view.graph;
  if (!view.tree.is_object(above)) return {};
  for (std::uint64_t r = graph.reference_begin[above]; r < graph.reference_begin[above + 1]; ++r) {
    if (index(graph.reference_to[r]) == child) {
      return label_text(graph, ObjectId{above}, r, view.key_text);
    }
  }
  return {};
}

void append_tree(std::string& text, const RetainedView& view, std::uint32_t node,
                 std::uint64_t least, std::size_t top, std::size_t depth) {
  const Dominators& tree = view.tree;
  const Branch below = branch(tree, node, least, top);
  const std::string indent(2 * depth, ' ');
  for (const std::uint32_t child : below.shown) {
    std::string what;
    if (!tree.is_object(child)) {
      what = tree.roots.owners[child - tree.objects].name;
    } else {
      const std::string under = held_under(view, node, child);
      const std::string held =
          under.empty() ? held_by(view.graph, view.paths, ObjectId{child}, view.key_text) : under;
      what = held + "  " + type_name(view.graph, ObjectId{child});
    }
    text += indent + human_bytes(tree.bytes[child]) + " " + share(tree, tree.bytes[child]) + "  " +
            escape_terminal(for_terminal(what, view.terminal)) + '\n';
    if (depth < kDeepest) append_tree(text, view, child, least, top, depth + 1);
  }
  const Rest rest = rest_of(view, below.left);
  if (rest.bytes >= least && !rest.text.empty()) {
    text += indent + human_bytes(rest.bytes) + " " + share(tree, rest.bytes) + "  " +
            escape_terminal(rest.text) + '\n';
  }
}

Json tree_json(const RetainedView& view, std::uint32_t node, std::uint64_t least, std::size_t top,
               std::size_t depth) {
  const Dominators& tree = view.tree;
  Json list = Json::array();
  for (const std::uint32_t child : branch(tree, node, least, top).shown) {
    Json one;
    if (tree.is_object(child)) {
      one = object_json(view.graph, ObjectId{child});
      const std::string under = held_under(view, node, child);
      if (!under.empty()) one["edge"] = under;
      if (under.empty()) {
        one["path"] = held_by(view.graph, view.paths, ObjectId{child}, view.key_text);
      }
    } else {
      const Owner& owner = tree.roots.owners[child - tree.objects];
      one["owner"] = {{"kind", owner_kind_name(owner.kind)}, {"name", owner.name}};
    }
    one["retained_bytes"] = tree.bytes[child];
    one["retained_objects"] = tree.retained_objects(child);
    one["children"] =
        depth < kDeepest ? tree_json(view, child, least, top, depth + 1) : Json::array();
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace

std::string tree_text(const RetainedView& view, std::uint64_t least, std::size_t top) {
  std::string text = human_bytes(all_bytes(view.tree)) + " in " +
                     count_of(view.tree.objects, "object") + "; branches of " + human_bytes(least) +
                     " and more\n";
  append_tree(text, view, view.tree.root(), least, top, 1);
  return text;
}

void put_tree(Json& document, const RetainedView& view, std::uint64_t least, std::size_t top) {
  document["tree"] = tree_json(view, view.tree.root(), least, top, 1);
}

}  // namespace heapglass
