#include "inspector/graph/labels.h"

#include "inspector/graph/edge.h"

namespace heapglass {

namespace {

void append_value(std::string& to, const HeapGraph& graph, ObjectId from, std::uint64_t reference,
                  const KeyText& key_text) {
  // The key stands before it, unless it was no object that could be read.
  const bool known = reference > graph.reference_begin[index(from)] &&
                     edge_label(graph.edge[reference - 1]) == LabelKind::key;
  if (!known) {
    to += "[<?>]";
    return;
  }
  const ObjectId key = graph.reference_to[reference - 1];
  const auto text = key_text ? key_text(key) : std::nullopt;
  if (text) {
    to += "[" + *text + "]";
  } else {
    to += "[<" + type_name(graph, key) + ">]";
  }
}

}  // namespace

void append_label(std::string& to, const HeapGraph& graph, ObjectId from, std::uint64_t reference,
                  const KeyText& key_text) {
  const std::uint32_t edge = graph.edge[reference];
  const std::uint32_t index = edge_index(edge);
  switch (edge_label(edge)) {
    case LabelKind::field:
    case LabelKind::attribute:
      to += graph.names[index];
      break;
    case LabelKind::item:
      to += (index == kEdgeIndexMax ? "[>=" : "[") + std::to_string(index) + "]";
      break;
    case LabelKind::key:
      to += "<key>";
      break;
    case LabelKind::value:
      append_value(to, graph, from, reference, key_text);
      break;
    case LabelKind::local:
      to += "local " + std::to_string(index);
      break;
    case LabelKind::stack:
      to += "<stack " + std::to_string(index) + ">";
      break;
    case LabelKind::unnamed:
      to += "<+" + std::to_string(index) + ">";
      break;
  }
}

}  // namespace heapglass
