#include "inspector/analysis/cycles.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "inspector/analysis/components.h"
#include "inspector/analysis/cut.h"
#include "inspector/analysis/glob.h"
#include "inspector/analysis/shortest_cycle.h"
#include "inspector/analysis/structural.h"
#include "inspector/graph/edge.h"
#include "inspector/graph/labels.h"

namespace heapglass {

namespace {

constexpr std::size_t kTooLarge = 10'000;  // objects of a component that one cycle does not explain

// What classes, functions and modules are made of.
enum class CodePart : std::uint8_t { none, part, definition };

std::vector<CodePart> code_parts(const HeapGraph& graph) {
  constexpr std::string_view kParts[] = {"function",
                                         "builtin_function_or_method",
                                         "code",
                                         "cell",
                                         "dict",
                                         "tuple",
                                         "list",
                                         "set",
                                         "frozenset",
                                         "mappingproxy",
                                         "property",
                                         "classmethod",
                                         "staticmethod",
                                         "method",
                                         "getset_descriptor",
                                         "member_descriptor",
                                         "wrapper_descriptor",
                                         "method_descriptor",
                                         "classmethod_descriptor",
                                         "_abc._abc_data",
                                         "weakref",
                                         "weakref.ReferenceType"};
  std::vector<CodePart> parts;
  for (const TypeRecord& type : graph.types) {
    const bool part =
        std::find(std::begin(kParts), std::end(kParts), type.name) != std::end(kParts);
    const bool definition = type.is_class || type.name == "module";
    parts.push_back(definition ? CodePart::definition : part ? CodePart::part : CodePart::none);
  }
  return parts;
}

class Grouping {
 public:
  Grouping(const HeapGraph& graph, const CycleOptions& options, CycleReport& report)
      : graph_(graph), options_(options), report_(report), parts_(code_parts(graph)) {
    for (const TypeRecord& type : graph.types) {
      wanted_.push_back(options.type_pattern.empty() ||
                        glob_match(options.type_pattern, type.name));
    }
  }

  void add(const Subgraph& part, bool garbage) {
    const Components components = strong_components(part);
    CycleFinder finder(graph_, part);
    std::vector<std::uint32_t> component_of(part.size());
    for (std::size_t c = 0; c < components.size(); ++c) {
      const std::span<const std::uint32_t> nodes = components.of(c);
      if (!garbage && !options_.all && is_code(part, nodes)) {
        add_sum(report_.structural, part, nodes);
        continue;
      }
      if (!is_wanted(part, nodes)) continue;
      for (const std::uint32_t node : nodes) component_of[node] = static_cast<std::uint32_t>(c) + 1;
      CycleFinder::Cycle cycle = finder.shortest(nodes);
      CycleGroup& group = group_of(garbage, cycle.signature);
      add_component(group, part, nodes, component_of);
      if (nodes.size() <= group.largest) continue;
      group.largest = nodes.size();
      group.example = std::move(cycle.steps);
      group.breakers.clear();
      if (nodes.size() > kTooLarge) group.breakers = find_breakers(graph_, part, nodes);
    }
  }

 private:
  std::size_t type_of(const Subgraph& part, std::uint32_t node) const {
    return index(graph_.type[index(part.objects[node])]);
  }
  bool is_code(const Subgraph& part, std::span<const std::uint32_t> nodes) const {
    bool definition = false;
    for (const std::uint32_t node : nodes) {
      const CodePart kind = parts_[type_of(part, node)];
      if (kind == CodePart::none) return false;
      definition = definition || kind == CodePart::definition;
    }
    return definition;
  }
  bool is_wanted(const Subgraph& part, std::span<const std::uint32_t> nodes) const {
    return std::any_of(nodes.begin(), nodes.end(),
                       [&](std::uint32_t node) { return wanted_[type_of(part, node)]; });
  }
  void add_sum(CycleSum& sum, const Subgraph& part, std::span<const std::uint32_t> nodes) const {
    ++sum.count;
    sum.objects += nodes.size();
    for (const std::uint32_t node : nodes) sum.bytes += graph_.bytes[index(part.objects[node])];
  }
  CycleGroup& group_of(bool garbage, const std::string& signature) {
    const auto [at, fresh] =
        known_.try_emplace((garbage ? "g" : "l") + signature, report_.groups.size());
    if (fresh) {
      report_.groups.emplace_back();
      report_.groups.back().garbage = garbage;
      report_.groups.back().signature = signature;
    }
    return report_.groups[at->second];
  }
  void add_component(CycleGroup& group, const Subgraph& part, std::span<const std::uint32_t> nodes,
                     const std::vector<std::uint32_t>& component_of) {
    CycleSum sum;
    add_sum(sum, part, nodes);
    group.count += sum.count;
    group.objects += sum.objects;
    group.bytes += sum.bytes;
    bool unseen = false;
    for (const std::uint32_t node : nodes) {
      const std::size_t object = index(part.objects[node]);
      const TypeRecord& type = graph_.types[type_of(part, node)];
      ++group.types[type.name];
      group.finalizers +=
          type.finalizer == Finalizer::python || type.finalizer == Finalizer::legacy ? 1 : 0;
      const bool tracked = graph_.flags[object] & HeapGraph::kTracked;
      for (std::uint64_t r = part.begin[node]; r < part.begin[node + 1]; ++r) {
        if (component_of[part.to[r]] != component_of[node]) continue;
        const ReferenceKind kind = edge_kind(graph_.edge[part.reference[r]]);
        unseen = unseen || kind == ReferenceKind::owned || (!tracked && is_shown(kind));
      }
    }
    group.unseen += unseen ? 1 : 0;
  }

  const HeapGraph& graph_;
  const CycleOptions& options_;
  CycleReport& report_;
  std::vector<CodePart> parts_;  // by TypeId
  std::vector<bool> wanted_;     // by TypeId
  std::unordered_map<std::string, std::size_t> known_;
};

void add_garbage(const HeapGraph& graph, Grouping& grouping, const Garbage& garbage) {
  grouping.add(
      cyclic_part(graph, garbage.objects,
                  [&](std::size_t, std::uint64_t r) { return is_shown(edge_kind(graph.edge[r])); }),
      true);
}

void add_live(const HeapGraph& graph, Grouping& grouping, const Garbage& garbage, bool all) {
  IdSet live(graph.size());
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (graph.reference_begin[i] != graph.reference_begin[i + 1] && !garbage.objects.has(i)) {
      live.insert(i);
    }
  }
  if (all) {
    grouping.add(cyclic_part(graph, live, [](std::size_t, std::uint64_t) { return true; }), false);
    return;
  }
  const StructuralEdges structural(graph);
  live.for_each([&](std::size_t i) {
    if (structural.leaves_out(i)) live.erase(i);
  });
  grouping.add(cyclic_part(graph, live,
                           [&](std::size_t from, std::uint64_t r) {
                             return !structural.leaves_out(from, r);
                           }),
               false);
}

}  // namespace

CycleReport find_cycles(const HeapGraph& graph, const CycleOptions& options) {
  CycleReport report;
  report.garbage = find_garbage(graph, options.weak_entries, options.free_threaded);
  Grouping grouping(graph, options, report);
  add_garbage(graph, grouping, report.garbage);
  report.live = !options.garbage_only;
  if (report.live) add_live(graph, grouping, report.garbage, options.all);
  std::sort(report.groups.begin(), report.groups.end(),
            [](const CycleGroup& a, const CycleGroup& b) {
              if (a.garbage != b.garbage) return a.garbage;
              if (a.objects != b.objects) return a.objects > b.objects;
              return a.signature < b.signature;
            });
  for (CycleGroup& group : report.groups) {
    report.total.count += group.count;
    report.total.objects += group.objects;
    report.total.bytes += group.bytes;
    std::vector<std::string> labels;
    for (const CycleStep& step : group.example) {
      append_label(labels.emplace_back(), graph, step.holder, step.reference);
    }
    const Cut cut = choose_cut(labels);
    group.cut = cut.step;
    group.cut_reason = cut.reason;
  }
  return report;
}

}  // namespace heapglass
