#include "inspector/analysis/general_label.h"

#include "inspector/graph/edge.h"

namespace heapglass {

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
      // The key stands before it, unless it could not be read.
      constexpr std::uint64_t kUnknown = 0xFFFFFFF;
      const bool known = reference > graph.reference_begin[index(from)] &&
                         edge_label(graph.edge[reference - 1]) == LabelKind::key;
      const std::uint64_t key =
          known ? index(graph.type[index(graph.reference_to[reference - 1])]) : kUnknown;
      return kind | key << 28 | type;
    }
    case LabelKind::unnamed:
      return kind | type << 28 | edge_index(edge);
    default:
      break;
  }
  return kind | edge_index(edge);
}

}  // namespace heapglass
