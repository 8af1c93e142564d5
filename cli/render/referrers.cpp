#include "cli/render/referrers.h"

#include <algorithm>

#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/render/paths.h"
#include "cli/render/table.h"

namespace heapglass {

ReferrerRows referrer_rows(const HeapGraph& graph, const ShortestPaths& paths,
                           const Referrers& found, const KeyText& key_text) {
  ReferrerRows rows;
  for (const ReferrerKind& kind : found.kinds) {
    ReferrerRow& row = rows.emplace_back();
    row.type = type_name(graph, kind.example);
    row.edge = kind.references == 1 ? label_text(graph, kind.example, kind.reference, key_text)
                                    : general_label_text(graph, kind.example, kind.reference);
    row.references = kind.references;
    row.objects = kind.objects;
    row.example = kind.example;
    row.path = held_by(graph, paths, kind.example, key_text);
  }
  for (const RootReferrer& found_root : found.roots) {
    const Root& root = graph.roots[found_root.root];
    if (root.kind == RootKind::interned || root.kind == RootKind::static_type) continue;
    ReferrerRow& row = rows.emplace_back();
    row.references = row.objects = found_root.objects;
    row.root = {root.to, 0, found_root.root};
    row.path = root_text(graph, row.root);
  }
  return rows;
}

std::string referrers_table(const HeapGraph& graph, const ReferrerRows& rows, std::size_t objects,
                            std::size_t top, const Terminal& terminal) {
  using Align = Column::Align;
  Table table;
  table.columns = {{"REFERENCES", Align::right, Column::Fit::whole},
                   {"FROM", Align::left, Column::Fit::whole},
                   {"UNDER", Align::left, Column::Fit::whole},
                   {"FOR EXAMPLE", Align::left, Column::Fit::whole},
                   {"HELD BY", Align::left, Column::Fit::cut_middle}};
  for (std::size_t i = 0; i < std::min(top, rows.size()); ++i) {
    const ReferrerRow& row = rows[i];
    const bool root = row.type.empty();
    table.rows.push_back({thousands(row.references), root ? "(root)" : row.type,
                          for_terminal(row.edge, terminal),
                          root ? "" : address_text(graph.address[index(row.example)]),
                          for_terminal(row.path, terminal)});
  }
  std::string text = count_of(objects, "object") + ", referred to in " +
                     count_of(rows.size(), "way") + '\n' + render_table(table, terminal);
  if (rows.size() > top) text += count_of(rows.size() - top, "more way") + '\n';
  return text;
}

std::string referrers_csv(const HeapGraph& graph, const ReferrerRows& rows, std::size_t top) {
  std::string text = csv_line({"references", "objects", "type", "edge", "example", "path"});
  for (std::size_t i = 0; i < std::min(top, rows.size()); ++i) {
    const ReferrerRow& row = rows[i];
    text += csv_line(
        {std::to_string(row.references), std::to_string(row.objects), row.type, row.edge,
         row.type.empty() ? "" : address_text(graph.address[index(row.example)]), row.path});
  }
  return text;
}

void put_referrers(Json& document, const HeapGraph& graph, const ReferrerRows& rows,
                   std::size_t objects, std::size_t top) {
  document["objects"] = objects;
  Json list = Json::array();
  const std::size_t shown = std::min(top, rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const ReferrerRow& row = rows[i];
    Json one;
    if (row.type.empty()) {
      one["root"] = root_json(graph, row.root);
    } else {
      one["type"] = row.type;
      one["edge"] = row.edge;
      one["example"] = object_json(graph, row.example);
    }
    one["references"] = row.references;
    one["objects"] = row.objects;
    one["path"] = row.path;
    list.push_back(std::move(one));
  }
  document["referrers"] = std::move(list);
  if (shown < rows.size()) document["referrers_left_out"] = rows.size() - shown;
}

std::string referrers_dot(const HeapGraph& graph, const ReferrerRows& rows,
                          const std::vector<ObjectId>& objects, std::size_t top) {
  const std::string asked = objects.size() == 1 ? type_name(graph, objects[0]) + ' ' +
                                                      address_text(graph.address[index(objects[0])])
                                                : thousands(objects.size()) + " objects";
  std::string text =
      "digraph referrers {\n  rankdir=LR;\n  asked [label=" + dot_string(asked) + ", shape=box];\n";
  for (std::size_t i = 0; i < std::min(top, rows.size()); ++i) {
    const ReferrerRow& row = rows[i];
    const std::string name = "r" + std::to_string(i);
    const std::string what = row.type.empty() ? row.path : row.type + ": " + row.path;
    text += "  " + name + " [label=" + dot_string(what) + "];\n  " + name +
            " -> asked [label=" + dot_string(thousands(row.references) + ' ' + row.edge) + "];\n";
  }
  return text + "}\n";
}

}  // namespace heapglass
