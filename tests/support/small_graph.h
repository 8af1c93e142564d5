// A heap graph written down edge by edge, for tests of analyses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/graph/edge.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

class SmallGraph {
 public:
  // An object of that type; returns its id. Counts are as the references say, unless set.
  std::uint32_t object(std::string_view type, std::uint64_t footprint = 16) {
    graph_.address.push_back(0x10000 + 0x100 * graph_.address.size());
    graph_.type.push_back(type_of(type));
    graph_.bytes.push_back(footprint);
    graph_.footprint.push_back(footprint);
    graph_.refcount.push_back(0);
    graph_.flags.push_back(0);
    return static_cast<std::uint32_t>(graph_.address.size() - 1);
  }
  // A module of that name, a root; returns its dict: what is in it has a name.
  std::uint32_t module(const std::string& name) {
    const std::uint32_t module = object("module");
    const std::uint32_t globals = object("dict");
    edge(module, globals, ".__dict__");
    root(module, RootKind::module, "module " + name, RootHold::borrowed);
    return globals;
  }
  // A reference under a label: ".name", "<field>", "local x", "[3]", "<key>", "[]" (a dict's value,
  // whose key is the reference before it), "<member>".
  void edge(std::uint32_t from, std::uint32_t to, std::string_view label) {
    edges_.push_back({from, to, code(label)});
  }
  // A dict's item: the reference to its key and the one to its value.
  void item(std::uint32_t dict, std::uint32_t key, std::uint32_t value) {
    edge(dict, key, "<key>");
    edge(dict, value, "[]");
  }
  void root(std::uint32_t to, RootKind kind, std::string_view name,
            RootHold hold = RootHold::owned) {
    const auto at = std::find(graph_.root_names.begin(), graph_.root_names.end(), name);
    const auto name_index = static_cast<std::uint32_t>(at - graph_.root_names.begin());
    if (at == graph_.root_names.end()) graph_.root_names.emplace_back(name);
    graph_.roots.push_back({ObjectId{to}, name_index, kind, hold, frame_});
  }
  // Roots from here on are of that frame; 0: of none.
  void frame(std::uint32_t number) { frame_ = number; }
  // What a str says, where it is a name. Ascending.
  void text(std::uint32_t object, std::string_view name) {
    graph_.texts.add(ObjectId{object}, static_cast<std::uint32_t>(graph_.names.size()));
    graph_.names.emplace_back(name);
  }
  void more_references(std::uint32_t to, std::uint32_t count) { graph_.refcount[to] += count; }
  void flag(std::uint32_t object, std::uint8_t flags) { graph_.flags[object] = flags; }

  HeapGraph build() {
    std::stable_sort(edges_.begin(), edges_.end(),
                     [](const Edge& a, const Edge& b) { return a.from < b.from; });
    graph_.pooled = graph_.size();
    for (const Edge& edge : edges_) {
      while (graph_.reference_begin.size() <= edge.from) {
        graph_.reference_begin.push_back(graph_.reference_to.size());
      }
      graph_.reference_to.push_back(ObjectId{edge.to});
      graph_.edge.push_back(edge.code);
      ++graph_.refcount[edge.to];
    }
    while (graph_.reference_begin.size() <= graph_.size()) {
      graph_.reference_begin.push_back(graph_.reference_to.size());
    }
    for (const Root& root : graph_.roots) {
      if (root.hold == RootHold::owned) ++graph_.refcount[index(root.to)];
    }
    return std::move(graph_);
  }

 private:
  struct Edge {
    std::uint32_t from, to, code;
  };

  TypeId type_of(std::string_view name) {
    for (std::size_t i = 0; i < graph_.types.size(); ++i) {
      if (graph_.types[i].name == name) return TypeId{static_cast<std::uint32_t>(i)};
    }
    const std::size_t dot = name.rfind('.');
    const std::string module = dot == name.npos ? "builtins" : std::string(name.substr(0, dot));
    graph_.types.push_back({0x100 * (graph_.types.size() + 1), std::string(name), module});
    return TypeId{static_cast<std::uint32_t>(graph_.types.size() - 1)};
  }
  std::uint32_t code(std::string_view label) {
    constexpr ReferenceKind kShown = ReferenceKind::collector;
    if (label == "<key>") return edge_code(kShown, LabelKind::key, 0);
    if (label.starts_with("<stack ")) return edge_code(kShown, LabelKind::stack, 0);
    if (label == "[]") return edge_code(kShown, LabelKind::value, 0);
    if (label.starts_with('[') && label.find_first_not_of("0123456789", 1) == label.size() - 1) {
      return edge_code(kShown, LabelKind::item, std::stoull(std::string(label.substr(1))));
    }
    const auto at = std::find(graph_.names.begin(), graph_.names.end(), label);
    const auto name = static_cast<std::uint64_t>(at - graph_.names.begin());
    if (at == graph_.names.end()) graph_.names.emplace_back(label);
    return edge_code(kShown, label.starts_with("local ") ? LabelKind::attribute : LabelKind::field,
                     name);
  }

  HeapGraph graph_;
  std::vector<Edge> edges_;
  std::uint32_t frame_ = 0;
};

}  // namespace heapglass
