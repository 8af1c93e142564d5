// Names that the visit of one object cannot know, put into a finished graph:
//
// - The values of namespaces (namespaces.cpp): whether a dict's keys are names or contents is told
//   by who refers to it.
// - The values of dicts that share their keys (shared_keys.cpp), which know positions among them.
// - The locals of frames and generators (locals.cpp), whose names stand in their code.
//
// - What is called by a text of its own (name_texts.cpp): functions, files, context variables,
// tasks.
//
// Edges change their label alone: LabelKind::attribute, with an index into HeapGraph::names.
// Cost: a pass over the references, a byte an object, each name once.
#pragma once

#include <vector>

#include "inspector/graph/edge.h"
#include "inspector/graph/heap_graph.h"
#include "inspector/python/decoders.h"
#include "inspector/python/key_names.h"

namespace heapglass {

// `graph` as walk() gave it from `decoders`. `contents`: keys of dicts that are no
// namespaces may be named by their text too.
void name_references(HeapGraph& graph, const Decoders& decoders, bool contents);

// What the three have in common.
struct Naming {
  HeapGraph& graph;
  const Decoders& decoders;
  std::vector<const TypeInfo*> types;  // by TypeId
  KeyNames names;

  const TypeInfo& type(ObjectId object) const { return *types[index(graph.type[index(object)])]; }
  std::uint64_t begin(ObjectId object) const { return graph.reference_begin[index(object)]; }
  std::uint64_t end(ObjectId object) const { return graph.reference_begin[index(object) + 1]; }
  LabelKind label(std::uint64_t reference) const { return edge_label(graph.edge[reference]); }
  void rename(std::uint64_t reference, LabelKind label, std::uint64_t index) {
    std::uint32_t& edge = graph.edge[reference];
    edge = edge_code(edge_kind(edge), label, index);
  }
};

// By ObjectId: what kind of namespace a dict is.
enum class Namespace : std::uint8_t {
  none,
  attributes,  // .name
  of_sys,      // the module sys: attributes, and `modules` is a namespace of subscripts
  subscripts,  // ['name']
  of_dicts     // its values are namespaces of attributes
};

std::vector<Namespace> name_namespaces(Naming& naming);
void name_shared_keys(const std::vector<Namespace>& namespaces, bool contents, Naming& naming);
void name_locals(Naming& naming);
// HeapGraph::texts. name_texts.cpp
void name_texts(Naming& naming);

}  // namespace heapglass
