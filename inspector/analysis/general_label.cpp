#include "inspector/analysis/general_label.h"

#include "inspector/analysis/names_of.h"
#include "inspector/graph/edge.h"

namespace heapglass {

namespace {

// One more than the number of a name's text; 0: there is none.
std::uint64_t text_number(const HeapGraph& graph, std::optional<ObjectId> name) {
  const std::uint32_t* number = name ? graph.texts.of(*name) : nullptr;
  return number == nullptr ? 0 : std::uint64_t{*number} + 1;
}

}  // namespace

std::uint64_t general_label(const HeapGraph& graph, ObjectId from, std::uint64_t reference) {
  const std::uint32_t edge = graph.edge[reference];
  const std::uint64_t type = index(graph.type[index(from)]);
  const auto kind = static_cast<std::uint64_t>(edge_label(edge)) << 60;
  switch (edge_label(edge)) {
    case LabelKind::item:
      if (graph.types[type].name == "tuple") break;
      return kind | type;
    case LabelKind::key:
      return kind | type;
    case LabelKind::value: {
      constexpr std::uint64_t kUnknown = 0xFFFFFFF;
      constexpr std::uint64_t kVariable = std::uint64_t{1} << 58;
      const auto key = key_of(graph, from, reference);
      if (!key) return kind | kUnknown << 28 | type;
      const std::uint64_t variable = text_number(graph, variable_name(graph, *key));
      if (variable != 0) return kind | kVariable | variable;
      return kind | std::uint64_t{index(graph.type[index(*key)])} << 28 | type;
    }
    case LabelKind::attribute:
      if (local_of(graph, reference).empty()) break;
      return kind | text_number(graph, function_name(graph, from)) << 28 | edge_index(edge);
    case LabelKind::stack:
      return kind | text_number(graph, function_name(graph, graph.reference_to[reference])) << 28 |
             edge_index(edge);
    case LabelKind::unnamed:
      return kind | type << 28 | edge_index(edge);
    default:
      break;
  }
  return kind | edge_index(edge);
}

}  // namespace heapglass
