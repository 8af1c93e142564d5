#include "cli/render/paths.h"

#include <algorithm>
#include <set>

#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/render/table.h"

namespace heapglass {

std::string paths_table(const PathRows& paths, std::size_t top, const Terminal& terminal) {
  using Align = Column::Align;
  Table table;
  table.columns = {{"COUNT", Align::right, Column::Fit::whole},
                   {"FOOTPRINT", Align::right, Column::Fit::whole},
                   {"HELD BY", Align::left, Column::Fit::cut_middle}};
  std::uint64_t more = 0;
  std::uint64_t more_footprint = 0;
  for (std::size_t i = 0; i < paths.rows.size(); ++i) {
    const PathRow& row = paths.rows[i];
    if (i < top) {
      table.rows.push_back(
          {thousands(row.count), human_bytes(row.footprint), for_terminal(row.text, terminal)});
    } else {
      more += row.count;
      more_footprint += row.footprint;
    }
  }
  if (paths.rows.size() > top) {
    table.rows.push_back({thousands(more), human_bytes(more_footprint),
                          "in " + count_of(paths.rows.size() - top, "more way")});
  }
  if (paths.without != 0) {
    table.rows.push_back({thousands(paths.without), "", "nothing: garbage"});
  }
  return escape_terminal(paths.title) + '\n' + render_table(table, terminal);
}

std::string paths_csv(const PathRows& paths, std::size_t top) {
  std::string text = csv_line({"count", "footprint", "path"});
  for (std::size_t i = 0; i < std::min(top, paths.rows.size()); ++i) {
    const PathRow& row = paths.rows[i];
    text += csv_line({std::to_string(row.count), std::to_string(row.footprint), row.text});
  }
  return text;
}

void put_paths(Json& document, const HeapGraph& graph, const PathRows& paths, std::size_t top,
               const KeyText& key_text) {
  document["objects"] = paths.objects;
  document["without_path"] = paths.without;
  Json rows = Json::array();
  const std::size_t shown = std::min(top, paths.rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const PathRow& row = paths.rows[i];
    Json one = path_json(graph, row.path, key_text);
    one["text"] = row.text;
    one["count"] = row.count;
    one["footprint"] = row.footprint;
    rows.push_back(std::move(one));
  }
  document["paths"] = std::move(rows);
  if (shown < paths.rows.size()) document["paths_left_out"] = paths.rows.size() - shown;
}

std::string dot_string(const std::string& text) {
  std::string result = "\"";
  for (const char c : escape_terminal(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string paths_dot(const HeapGraph& graph, const PathRows& paths, std::size_t top,
                      const KeyText& key_text) {
  constexpr std::size_t kMostSteps = 200;  // of one path: its beginning
  std::set<std::string> lines;
  const auto node = [&](ObjectId object) {
    const std::string name = address_text(graph.address[index(object)]);
    lines.insert("  \"" + name + "\" [label=" + dot_string(type_name(graph, object)) + "];\n");
    return '"' + name + '"';
  };
  for (std::size_t i = 0; i < std::min(top, paths.rows.size()); ++i) {
    const PathRow& row = paths.rows[i];
    const std::string root = dot_string(root_text(graph, row.path.root));
    lines.insert("  " + root + " [shape=box];\n");
    lines.insert("  " + root + " -> " + node(row.path.root.to) + ";\n");
    ObjectId from = row.path.root.to;
    for (std::size_t s = 0; s < std::min(kMostSteps, row.path.steps.size()); ++s) {
      const PathStep& step = row.path.steps[s];
      lines.insert("  " + node(from) + " -> " + node(step.to) + " [label=" +
                   dot_string(label_text(graph, from, step.reference, key_text)) + "];\n");
      from = step.to;
    }
    if (row.count > 1) {
      lines.insert("  " + node(from) +
                   " [xlabel=" + dot_string(thousands(row.count) + " like this") + "];\n");
    }
  }
  std::string text = "digraph paths {\n  rankdir=LR;\n  node [shape=ellipse];\n";
  for (const std::string& line : lines) text += line;
  return text + "}\n";
}

}  // namespace heapglass
