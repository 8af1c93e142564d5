// Which dicts are namespaces. The dicts of instances, classes and modules hold names, and so do
// globals, the locals of a class body and sys.modules: those are always shown, where the keys of
// any other dict are contents (CONTRACT.md, "Privacy and files").
#include <string_view>

#include "inspector/graph/edge.h"
#include "inspector/python/name_references.h"
#include "inspector/python/text.h"

namespace heapglass {

namespace {

// What a reference under that label leads to, if it is a dict.
struct Rule {
  std::string_view label;
  Namespace leads_to;
};
constexpr std::string_view kDict = ".__dict__";
constexpr Rule kRules[] = {
    {kDict, Namespace::attributes},
    {".__globals__", Namespace::attributes},
    {".__builtins__", Namespace::attributes},
    {".f_locals", Namespace::attributes},
    {"<f_locals>", Namespace::attributes},
    {"<extra locals>", Namespace::attributes},
    {"<locals cache>", Namespace::attributes},
    {".f_globals", Namespace::attributes},
    {".f_builtins", Namespace::attributes},
    {".__kwdefaults__", Namespace::subscripts},
    {".__annotations__", Namespace::subscripts},
    // _thread._local: a dict of each thread's attributes.
    {"<dummies>", Namespace::of_dicts},
    {"<dicts>", Namespace::of_dicts},
};

struct Marks {
  std::vector<Namespace> of;   // by ObjectId
  std::vector<ObjectId> left;  // marked, and their values not yet named

  // dict itself, and the one that types of ctypes have; what the values of a subclass are is the
  // program's own business.
  void add(ObjectId object, Namespace kind, const Naming& naming) {
    const TypeInfo& type = naming.type(object);
    const bool plain = type.shape == Shape::ctypes_dict || (type.name == "dict" && !type.heap);
    Namespace& mark = of[index(object)];
    if (!plain || (mark != Namespace::none && kind != Namespace::of_sys)) return;
    if (mark == Namespace::none) left.push_back(object);
    mark = kind;
  }
};

bool is_sys(ObjectId module, std::uint32_t name_label, const Naming& naming) {
  for (std::uint64_t r = naming.begin(module); r < naming.end(module); ++r) {
    const std::uint32_t edge = naming.graph.edge[r];
    if (edge_label(edge) != LabelKind::field || edge_index(edge) != name_label) continue;
    const ObjectId name = naming.graph.reference_to[r];
    return naming.type(name).shape == Shape::str &&
           read_text(naming.graph.address[index(name)], naming.decoders.layout,
                     naming.decoders.mirror, 4) == "sys";
  }
  return false;
}

void mark_by_label(Naming& naming, Marks& marks) {
  const HeapGraph& graph = naming.graph;
  std::vector<Namespace> leads_to(graph.names.size(), Namespace::none);
  for (const Rule& rule : kRules) {
    if (const auto label = naming.names.find(rule.label)) leads_to[*label] = rule.leads_to;
  }
  const auto dict_label = naming.names.find(kDict);
  const auto name_label = naming.names.find("<name>");
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const auto object = static_cast<ObjectId>(i);
    const TypeInfo& type = naming.type(object);
    for (std::uint64_t r = naming.begin(object); r < naming.end(object); ++r) {
      if (naming.label(r) != LabelKind::field) continue;
      const std::uint32_t label = edge_index(graph.edge[r]);
      if (leads_to[label] == Namespace::none) continue;
      // A class may have a slot of any of these names but __dict__.
      const bool may_be_slot = label != dict_label && graph.names[label].front() == '.';
      if (may_be_slot && type.python_made) continue;
      const ObjectId to = graph.reference_to[r];
      const bool of_sys = label == dict_label && type.shape == Shape::module && name_label &&
                          is_sys(object, *name_label, naming);
      marks.add(to, of_sys ? Namespace::of_sys : leads_to[label], naming);
    }
  }
}

void name_values(ObjectId dict, Naming& naming, Marks& marks) {
  const HeapGraph& graph = naming.graph;
  const Namespace kind = marks.of[index(dict)];
  for (std::uint64_t r = naming.begin(dict); r < naming.end(dict); ++r) {
    if (naming.label(r) != LabelKind::value) continue;
    if (kind == Namespace::of_dicts) {
      marks.add(graph.reference_to[r], Namespace::attributes, naming);
      continue;
    }
    if (r == naming.begin(dict) || naming.label(r - 1) != LabelKind::key) continue;
    const auto name = naming.names.label(
        graph.address[index(graph.reference_to[r - 1])],
        kind == Namespace::subscripts ? NameStyle::subscript : NameStyle::attribute);
    if (!name) continue;
    naming.rename(r, LabelKind::attribute, *name);
    const std::string& text = graph.names[*name];
    if (text == ".__annotations__" || (kind == Namespace::of_sys && text == ".modules")) {
      marks.add(graph.reference_to[r], Namespace::subscripts, naming);
    }
  }
}

}  // namespace

std::vector<Namespace> name_namespaces(Naming& naming) {
  Marks marks{std::vector<Namespace>(naming.graph.size(), Namespace::none), {}};
  mark_by_label(naming, marks);
  while (!marks.left.empty()) {
    const ObjectId dict = marks.left.back();
    marks.left.pop_back();
    name_values(dict, naming, marks);
  }
  return std::move(marks.of);
}

}  // namespace heapglass
