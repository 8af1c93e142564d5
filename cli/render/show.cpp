#include "cli/render/show.h"

#include <algorithm>

#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/render/table.h"
#include "inspector/graph/edge.h"

namespace heapglass {
namespace {

// Keys beside their values would say everything twice.
bool is_key_of_value(const HeapGraph& graph, std::uint64_t reference, std::uint64_t end) {
  if (edge_label(graph.edge[reference]) != LabelKind::key || reference + 1 == end) return false;
  const LabelKind next = edge_label(graph.edge[reference + 1]);
  return next == LabelKind::value || next == LabelKind::attribute;
}

void add_references(const HeapGraph& graph, ObjectId object, const KeyText& key_text,
                    std::vector<ShownReference>& to, bool with_dict) {
  const std::uint64_t end = graph.reference_begin[index(object) + 1];
  for (std::uint64_t r = graph.reference_begin[index(object)]; r < end; ++r) {
    if (is_key_of_value(graph, r, end)) continue;
    std::string label = label_text(graph, object, r, key_text);
    if (with_dict && label == ".__dict__") {
      add_references(graph, graph.reference_to[r], key_text, to, false);
    } else {
      to.push_back({std::move(label), graph.reference_to[r]});
    }
  }
}

// Whether `object` retains `to`.
bool goes_with(const Dominators& tree, ObjectId object, ObjectId to) {
  const std::uint32_t from = tree.position[index(object)];
  const std::uint32_t at = tree.position[index(to)];
  return at >= from && at - from < tree.nodes[index(object)];
}

bool is_immortal(const HeapGraph& graph, ObjectId object) {
  return (graph.flags[index(object)] & HeapGraph::kImmortal) != 0;
}

}  // namespace

Shown show(const HeapGraph& graph, const Dominators& tree, const ShortestPaths& paths,
           ObjectId object, const KeyText& key_text) {
  Shown shown;
  shown.object = object;
  shown.path = held_by(graph, paths, object, key_text);
  add_references(graph, object, key_text, shown.references, true);
  std::stable_sort(shown.references.begin(), shown.references.end(),
                   [&](const ShownReference& a, const ShownReference& b) {
                     const bool of_a = goes_with(tree, object, a.to);
                     const bool of_b = goes_with(tree, object, b.to);
                     if (of_a != of_b) return of_a;
                     return of_a && tree.bytes[index(a.to)] > tree.bytes[index(b.to)];
                   });
  const Referrers found = referrers(graph, {object});
  shown.referrers = referrer_rows(graph, paths, found, key_text);
  shown.explained = found.references;
  for (const Root& root : graph.roots) {
    if (root.to == object && root.hold == RootHold::owned) ++shown.explained;
  }
  return shown;
}

std::string shown_text(const HeapGraph& graph, const Dominators& tree, const Shown& shown,
                       std::size_t top, const Terminal& terminal) {
  const std::size_t object = index(shown.object);
  std::string text =
      terminal.bold(escape_terminal(type_name(graph, shown.object))) + " at " +
      address_text(graph.address[object]) +
      (shown.of > 1 ? ", which retains most of the " + thousands(shown.of) : std::string()) + "\n";
  Table facts;
  facts.columns = {{"", Column::Align::left, Column::Fit::whole},
                   {"", Column::Align::left, Column::Fit::cut_middle}};
  if (shown.value) facts.rows.push_back({"value", *shown.value});
  facts.rows.push_back({"size", human_bytes(graph.bytes[object]) + ", footprint " +
                                    human_bytes(graph.footprint[object])});
  facts.rows.push_back({"retains", human_bytes(tree.bytes[object]) + " in " +
                                       count_of(tree.nodes[object], "object") +
                                       ", itself among them"});
  facts.rows.push_back({"count", is_immortal(graph, shown.object)
                                     ? std::string("immortal")
                                     : count_of(graph.refcount[object], "reference") + ", " +
                                           thousands(std::min<std::uint64_t>(
                                               shown.explained, graph.refcount[object])) +
                                           " of them found"});
  facts.rows.push_back({"held by", for_terminal(shown.path, terminal)});
  text += render_table(facts, terminal, 2);

  Table table;
  table.columns = {{"RETAINED", Column::Align::right, Column::Fit::whole},
                   {"", Column::Align::left, Column::Fit::whole},
                   {"TYPE", Column::Align::left, Column::Fit::cut_middle},
                   {"ADDRESS", Column::Align::left, Column::Fit::whole}};
  const std::size_t shown_rows = std::min(top, shown.references.size());
  for (std::size_t i = 0; i < shown_rows; ++i) {
    const ShownReference& reference = shown.references[i];
    const bool own = goes_with(tree, shown.object, reference.to);
    table.rows.push_back({own ? human_bytes(tree.bytes[index(reference.to)]) : "(not alone)",
                          for_terminal(reference.edge, terminal), type_name(graph, reference.to),
                          address_text(graph.address[index(reference.to)])});
  }
  if (!table.rows.empty()) {
    text += "\n" + count_of(shown.references.size(), "reference") + " to other objects\n" +
            render_table(table, terminal, 2);
  }
  return text + "\n" + referrers_table(graph, shown.referrers, 1, top, terminal);
}

void put_shown(Json& document, const HeapGraph& graph, const Dominators& tree, const Shown& shown,
               std::size_t top) {
  const std::size_t object = index(shown.object);
  document["objects"] = shown.of;
  Json one = object_json(graph, shown.object);
  one["bytes"] = graph.bytes[object];
  one["footprint"] = graph.footprint[object];
  one["retained_bytes"] = tree.bytes[object];
  one["retained_objects"] = tree.nodes[object];
  one["refcount"] = graph.refcount[object];
  one["immortal"] = is_immortal(graph, shown.object);
  one["references_found"] = shown.explained;
  one["tracked"] = (graph.flags[object] & HeapGraph::kTracked) != 0;
  if (shown.value) one["value"] = *shown.value;
  one["path"] = shown.path;
  document["object"] = std::move(one);
  Json references = Json::array();
  const std::size_t rows = std::min(top, shown.references.size());
  for (std::size_t i = 0; i < rows; ++i) {
    Json to = object_json(graph, shown.references[i].to);
    to["edge"] = shown.references[i].edge;
    to["retained_bytes"] = tree.bytes[index(shown.references[i].to)];
    references.push_back(std::move(to));
  }
  document["references"] = std::move(references);
  if (rows < shown.references.size()) {
    document["references_left_out"] = shown.references.size() - rows;
  }
  Json referrers;
  put_referrers(referrers, graph, shown.referrers, 1, top);
  document["referrers"] = referrers["referrers"];
  if (referrers.contains("referrers_left_out")) {
    document["referrers_left_out"] = referrers["referrers_left_out"];
  }
}

}  // namespace heapglass
