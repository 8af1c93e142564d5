// What the slots of frames and generators are called. In front stand the locals in the order of
// co_localsplusnames, or of co_varnames, co_cellvars and co_freevars (up to 3.10); behind them the
// value stack.
#include <array>

#include "inspector/graph/edge.h"
#include "inspector/python/name_references.h"

namespace heapglass {

namespace {

// The tuples of names of a code object, one behind the other.
using NameTuples = std::array<std::optional<ObjectId>, 3>;

// Where code objects keep them: indices of labels.
struct NameLabels {
  std::optional<std::uint32_t> all;
  std::array<std::optional<std::uint32_t>, 3> parts;
};

std::optional<ObjectId> field(ObjectId object, std::optional<std::uint32_t> label,
                              const Naming& naming) {
  if (!label) return std::nullopt;
  for (std::uint64_t r = naming.begin(object); r < naming.end(object); ++r) {
    if (naming.label(r) == LabelKind::field && edge_index(naming.graph.edge[r]) == *label) {
      return naming.graph.reference_to[r];
    }
  }
  return std::nullopt;
}

NameTuples name_tuples(ObjectId code, const NameLabels& labels, const Naming& naming) {
  if (const auto all = field(code, labels.all, naming)) return {all, {}, {}};
  NameTuples tuples;
  for (std::size_t i = 0; i < tuples.size(); ++i) tuples[i] = field(code, labels.parts[i], naming);
  return tuples;
}

std::optional<ObjectId> code_of(ObjectId frame, const Naming& naming) {
  for (std::uint64_t r = naming.begin(frame); r < naming.end(frame); ++r) {
    const ObjectId to = naming.graph.reference_to[r];
    if (naming.label(r) == LabelKind::field && naming.type(to).shape == Shape::code) return to;
  }
  return std::nullopt;
}

void name_slot(std::uint64_t reference, const NameTuples& tuples, Naming& naming) {
  const HeapGraph& graph = naming.graph;
  std::uint64_t slot = edge_index(graph.edge[reference]);
  for (const auto tuple : tuples) {
    if (!tuple) continue;
    const std::uint64_t count = naming.end(*tuple) - naming.begin(*tuple);
    if (slot >= count) {
      slot -= count;
      continue;
    }
    const std::uint64_t item = naming.begin(*tuple) + slot;
    if (naming.label(item) != LabelKind::item || edge_index(graph.edge[item]) != slot) return;
    const Address name = graph.address[index(graph.reference_to[item])];
    if (const auto label = naming.names.label(name, NameStyle::local)) {
      naming.rename(reference, LabelKind::attribute, *label);
    }
    return;
  }
  naming.rename(reference, LabelKind::stack, slot);
}

}  // namespace

void name_locals(Naming& naming) {
  const NameLabels labels{naming.names.find("<localsplusnames>"),
                          {naming.names.find(".co_varnames"), naming.names.find(".co_cellvars"),
                           naming.names.find(".co_freevars")}};
  for (std::size_t i = 0; i < naming.graph.size(); ++i) {
    const auto frame = static_cast<ObjectId>(i);
    std::optional<NameTuples> tuples;  // looked for at the first local
    for (std::uint64_t r = naming.begin(frame); r < naming.end(frame); ++r) {
      if (naming.label(r) != LabelKind::local) continue;
      if (!tuples) {
        const auto code = code_of(frame, naming);
        if (!code) break;
        tuples = name_tuples(*code, labels, naming);
      }
      name_slot(r, *tuples, naming);
    }
  }
}

}  // namespace heapglass
