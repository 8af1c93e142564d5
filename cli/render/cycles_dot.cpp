// CycleReport -> Graphviz.
#include <algorithm>

#include "cli/render/cycles.h"
#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "inspector/graph/labels.h"

namespace heapglass {
namespace {

// A quoted string of the dot language.
std::string dot_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : escape_terminal(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string cluster(const HeapGraph& graph, const CycleGroup& group, std::size_t number) {
  const std::string name = std::to_string(number);
  const auto node = [&](std::size_t step) { return "c" + name + "_" + std::to_string(step); };
  const std::string title = thousands(group.count) + " x, " + count_of(group.objects, "object") +
                            ", " + human_bytes(group.bytes) + (group.garbage ? ", garbage" : "");
  std::string text = "  subgraph cluster_" + name + " {\n    label=" + dot_string(title) + ";\n";
  for (std::size_t i = 0; i < group.example.size(); ++i) {
    const std::size_t type = index(graph.type[index(group.example[i].object)]);
    text += "    " + node(i) + " [label=" + dot_string(graph.types[type].name) + "];\n";
  }
  for (std::size_t i = 0; i < group.example.size(); ++i) {
    std::string label;
    append_label(label, graph, group.example[i].holder, group.example[i].reference);
    text += "    " + node(i) + " -> " + node((i + 1) % group.example.size()) +
            " [label=" + dot_string(label) +
            (i == group.cut ? ", color=red, fontcolor=red, penwidth=2" : "") + "];\n";
  }
  return text + "  }\n";
}

}  // namespace

std::string cycles_dot(const HeapGraph& graph, const CycleReport& report, std::size_t top) {
  std::string text =
      "digraph cycles {\n"
      "  graph [fontname=\"sans-serif\", style=rounded, color=gray];\n"
      "  node [fontname=\"sans-serif\", shape=box, style=rounded];\n"
      "  edge [fontname=\"sans-serif\", fontsize=10];\n";
  for (std::size_t i = 0; i < std::min(top, report.groups.size()); ++i) {
    text += cluster(graph, report.groups[i], i + 1);
  }
  return text + "}\n";
}

}  // namespace heapglass
