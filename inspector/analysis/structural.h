// Which references hold a program together rather than leak: with them nearly the whole program is
// one strongly connected component, and no ring of its data is to be seen. Left out are
//
//   object -> its type                         .__class__, of enums also .__objclass__
//   function, frame, code -> where it runs     .__globals__ .__builtins__ .f_globals .f_builtins
//   module, module dict -> whatever it holds   all of them; a module dict is the __dict__ of a
//                                              module, and what functions have for globals or
//                                              builtins
//   type -> what it derives from, what derives from it, what it defines
//                                              .__mro__ .__bases__ .__base__ <subclasses> <cache>
//                                              <module>
//   descriptor, method of a builtin -> its type
//                                              .__objclass__ <class>
//
// What is left of classes are rings through their own methods (a method that says super() holds
// __class__): those components are told in one line (components of code: cycles.h).
#pragma once

#include <vector>

#include "inspector/graph/edge.h"
#include "inspector/graph/heap_graph.h"
#include "inspector/graph/id_set.h"

namespace heapglass {

class StructuralEdges {
 public:
  // One pass over the objects. `graph` outlives it.
  explicit StructuralEdges(const HeapGraph& graph);

  // Everything that it holds is left out.
  bool leaves_out(std::size_t from) const {
    return kinds_[index(graph_.type[from])] == Kind::module || module_dicts_.has(from);
  }
  // That reference of `from` is left out, or all are.
  bool leaves_out(std::size_t from, std::uint64_t reference) const {
    const std::uint32_t edge = graph_.edge[reference];
    const LabelKind label = edge_label(edge);
    if (label != LabelKind::field && label != LabelKind::attribute) return false;
    const Rule rule = rules_[edge_index(edge)];
    return rule == Rule::always ||
           (rule == Rule::of_types && kinds_[index(graph_.type[from])] == Kind::type);
  }

 private:
  enum class Kind : std::uint8_t { other, module, type, function };
  enum class Rule : std::uint8_t { never, always, of_types };

  const HeapGraph& graph_;
  std::vector<Kind> kinds_;  // by TypeId
  std::vector<Rule> rules_;  // by name of a field or an attribute
  IdSet module_dicts_;
};

}  // namespace heapglass
