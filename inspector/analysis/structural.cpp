#include "inspector/analysis/structural.h"

#include <string_view>

namespace heapglass {

StructuralEdges::StructuralEdges(const HeapGraph& graph)
    : graph_(graph),
      kinds_(graph.types.size()),
      rules_(graph.names.size()),
      module_dicts_(graph.size()) {
  constexpr std::string_view kAlways[] = {".__class__", ".__globals__", ".__builtins__",
                                          ".f_globals", ".f_builtins",  ".__objclass__",
                                          "<class>"};
  constexpr std::string_view kOfTypes[] = {".__mro__",     ".__bases__", ".__base__",
                                           "<subclasses>", "<cache>",    "<module>"};
  constexpr std::string_view kModuleDicts[] = {".__globals__", ".__builtins__"};
  std::vector<bool> leads_to_module_dict(graph.names.size());
  std::size_t dict = graph.names.size();
  for (std::size_t i = 0; i < graph.names.size(); ++i) {
    const std::string_view name = graph.names[i];
    for (const auto always : kAlways) rules_[i] = name == always ? Rule::always : rules_[i];
    for (const auto of_types : kOfTypes) rules_[i] = name == of_types ? Rule::of_types : rules_[i];
    for (const auto leads : kModuleDicts) {
      if (name == leads) leads_to_module_dict[i] = true;
    }
    if (name == ".__dict__") dict = i;
  }
  for (std::size_t i = 0; i < graph.types.size(); ++i) {
    const TypeRecord& type = graph.types[i];
    if (type.is_class) kinds_[i] = Kind::type;
    if (type.name == "module") kinds_[i] = Kind::module;
    if (type.name == "function") kinds_[i] = Kind::function;
  }
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const Kind kind = kinds_[index(graph.type[i])];
    if (kind != Kind::module && kind != Kind::function) continue;
    for (std::uint64_t r = graph.reference_begin[i]; r < graph.reference_begin[i + 1]; ++r) {
      if (edge_label(graph.edge[r]) != LabelKind::field) continue;
      const std::size_t name = edge_index(graph.edge[r]);
      const bool module_dict = kind == Kind::module ? name == dict : leads_to_module_dict[name];
      if (module_dict) module_dicts_.insert(index(graph.reference_to[r]));
    }
  }
}

}  // namespace heapglass
