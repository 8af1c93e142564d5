#include "inspector/analysis/names_of.h"

#include "inspector/graph/edge.h"

namespace heapglass {

std::string_view name_of(const HeapGraph& graph, std::uint64_t reference) {
  const std::uint32_t edge = graph.edge[reference];
  const LabelKind kind = edge_label(edge);
  if (kind != LabelKind::field && kind != LabelKind::attribute) return {};
  return edge_index(edge) < graph.names.size() ? graph.names[edge_index(edge)] : std::string_view();
}

std::string_view local_of(const HeapGraph& graph, std::uint64_t reference) {
  constexpr std::string_view kLocal = "local ";
  if (edge_label(graph.edge[reference]) != LabelKind::attribute) return {};
  const std::string_view name = name_of(graph, reference);
  return name.starts_with(kLocal) ? name.substr(kLocal.size()) : std::string_view();
}

std::optional<ObjectId> field(const HeapGraph& graph, ObjectId object, std::string_view label) {
  for (std::uint64_t r = graph.reference_begin[index(object)];
       r < graph.reference_begin[index(object) + 1]; ++r) {
    if (name_of(graph, r) == label) return graph.reference_to[r];
  }
  return std::nullopt;
}

std::string_view text_of(const HeapGraph& graph, ObjectId object) {
  const std::uint32_t* name = graph.texts.of(object);
  return name == nullptr || *name >= graph.names.size() ? std::string_view() : graph.names[*name];
}

namespace {

std::optional<ObjectId> code_of(const HeapGraph& graph, ObjectId object) {
  for (const std::string_view label : {".cr_code", ".gi_code", ".ag_code", ".f_code"}) {
    if (const auto code = field(graph, object, label)) return code;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ObjectId> function_name(const HeapGraph& graph, ObjectId object) {
  const std::string& type = type_name(graph, object);
  if (is_suspended(type)) return field(graph, object, ".__qualname__");
  const auto code = type == "frame" ? code_of(graph, object) : std::nullopt;
  if (!code) return std::nullopt;
  const auto name = field(graph, *code, ".co_qualname");
  return name ? name : field(graph, *code, ".co_name");
}

std::string_view function_of(const HeapGraph& graph, ObjectId object) {
  const auto name = function_name(graph, object);
  return name ? text_of(graph, *name) : std::string_view();
}

std::string_view file_of(const HeapGraph& graph, ObjectId object) {
  const auto code = code_of(graph, object);
  const auto file = code ? field(graph, *code, ".co_filename") : std::nullopt;
  return file ? text_of(graph, *file) : std::string_view();
}

std::optional<ObjectId> variable_name(const HeapGraph& graph, ObjectId object) {
  const std::string& type = type_name(graph, object);
  if (type != "_contextvars.ContextVar" && type != "ContextVar") return std::nullopt;
  return field(graph, object, ".name");
}

std::optional<ObjectId> key_of(const HeapGraph& graph, ObjectId dict, std::uint64_t reference) {
  // The key stands before it, unless it was no object that could be read.
  const bool known = edge_label(graph.edge[reference]) == LabelKind::value &&
                     reference > graph.reference_begin[index(dict)] &&
                     edge_label(graph.edge[reference - 1]) == LabelKind::key;
  return known ? std::optional(graph.reference_to[reference - 1]) : std::nullopt;
}

}  // namespace heapglass
