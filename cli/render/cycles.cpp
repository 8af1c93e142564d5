// CycleReport -> text and JSON.
#include "cli/render/cycles.h"

#include <algorithm>

#include "cli/render/numbers.h"
#include "cli/render/objects.h"
#include "cli/render/table.h"
#include "inspector/graph/labels.h"

namespace heapglass {
namespace {

constexpr std::size_t kShownSteps = 8;  // of a long cycle, in a line of text

std::string label_of(const HeapGraph& graph, const CycleStep& step) {
  std::string label;
  append_label(label, graph, step.holder, step.reference);
  return label;
}

// "by .next, .next, .prev; cut .prev (parent link); 3 with __del__"
std::string remarks(const HeapGraph& graph, const CycleGroup& group) {
  std::string text = "  by ";
  const std::size_t steps = group.example.size();
  for (std::size_t i = 0; i < std::min(steps, kShownSteps); ++i) {
    text += (i == 0 ? "" : ", ") + label_of(graph, group.example[i]);
  }
  if (steps > kShownSteps) text += ", and " + thousands(steps - kShownSteps) + " more";
  if (group.cut_reason == "class") {
    text += "; a class made while the program runs";
  } else if (steps > 1 || group.cut_reason != "last") {
    text += "; cut " + label_of(graph, group.example[group.cut]);
    if (group.cut_reason != "last") text += " (" + group.cut_reason + ")";
  }
  if (group.finalizers > 0) text += "; " + thousands(group.finalizers) + " with __del__";
  if (group.unseen > 0) text += "; the collector cannot free " + thousands(group.unseen);
  return text;
}

std::string broken_by(const CycleGroup& group) {
  std::string text =
      "  " + thousands(group.largest) + " objects in one, which falls apart without ";
  for (std::size_t i = 0; i < group.breakers.size(); ++i) {
    text += (i == 0 ? "" : ", ") + group.breakers[i].kind;
  }
  return text + " (largest then: " + thousands(group.breakers.back().largest_left) + ")";
}

// What holds a live cycle: the shortest path to an object of its example.
std::optional<Path> holding_path(const HeapGraph& graph, const ShortestPaths& paths,
                                 const CycleGroup& group) {
  std::optional<Path> shortest;
  if (group.garbage) return shortest;
  for (const CycleStep& step : group.example) {
    if (!paths.has(step.object)) continue;
    Path path = path_to(graph, paths, step.object);
    if (!shortest || path.steps.size() < shortest->steps.size()) shortest = std::move(path);
  }
  return shortest;
}

// The entries among the first `top` that are garbage, or not.
std::string entries(const HeapGraph& graph, const CycleReport& report, const ShortestPaths& paths,
                    std::size_t top, bool garbage, const Terminal& terminal) {
  using Align = Column::Align;
  Table table;
  table.columns = {{"COUNT", Align::right, Column::Fit::whole},
                   {"OBJECTS", Align::right, Column::Fit::whole},
                   {"SIZE", Align::right, Column::Fit::whole},
                   {"CYCLE", Align::left, Column::Fit::cut_end}};
  for (std::size_t i = 0; i < std::min(top, report.groups.size()); ++i) {
    const CycleGroup& group = report.groups[i];
    if (group.garbage != garbage) continue;
    table.rows.push_back({thousands(group.count), thousands(group.objects),
                          human_bytes(group.bytes), group.signature});
    table.rows.push_back({"", "", "", remarks(graph, group)});
    if (const auto path = holding_path(graph, paths, group)) {
      table.rows.push_back({"", "", "", "  held by " + path_text(graph, *path)});
    }
    if (!group.breakers.empty()) table.rows.push_back({"", "", "", broken_by(group)});
  }
  return table.rows.empty() ? std::string() : render_table(table, terminal, 2);
}

CycleSum sum_of(const CycleReport& report, bool garbage) {
  CycleSum sum;
  for (const CycleGroup& group : report.groups) {
    if (group.garbage != garbage) continue;
    sum.count += group.count;
    sum.objects += group.objects;
    sum.bytes += group.bytes;
  }
  return sum;
}

std::string garbage_line(const CycleReport& report) {
  const Garbage& garbage = report.garbage;
  std::string line = "garbage: ";
  if (garbage.count == 0) {
    line += "none";
  } else {
    line += count_of(garbage.count, "object") + ", " + human_bytes(garbage.bytes) + ", in " +
            count_of(sum_of(report, true).count, "cycle") + " or hanging off them";
  }
  if (garbage.legacy_count > 0) {
    line += "; " + thousands(garbage.legacy_count) + " that a tp_del keeps from being freed";
  }
  if (garbage.kept > 0) line += "; gc.garbage keeps " + thousands(garbage.kept) + " more";
  return line + '\n';
}

std::string collector_line(const CollectorState& collector, bool only) {
  std::string line = "collector" +
                     (only ? "" : " of interpreter " + std::to_string(collector.interpreter)) +
                     ": " + (collector.enabled ? "on" : "off (gc.disable)") + ", thresholds";
  for (const auto& generation : collector.generations) {
    line += ' ' + std::to_string(generation.threshold);
  }
  line += ", counts";
  for (const auto& generation : collector.generations) {
    line += ' ' + std::to_string(generation.count);
  }
  line += ", collections";
  for (const auto& generation : collector.generations) {
    line += ' ' + std::to_string(generation.collections);
  }
  return line + '\n';
}

Json held_by_json(const HeapGraph& graph, const ShortestPaths& paths, const CycleGroup& group) {
  const auto path = holding_path(graph, paths, group);
  if (!path) return nullptr;
  Json json = path_json(graph, *path, {});
  json["text"] = path_text(graph, *path);
  return json;
}

Json group_json(const HeapGraph& graph, const ShortestPaths& paths, const CycleGroup& group) {
  Json example = Json::array();
  for (const CycleStep& step : group.example) {
    example.push_back({{"address", address_text(graph.address[index(step.object)])},
                       {"type", type_name(graph, step.object)},
                       {"edge", label_of(graph, step)}});
  }
  Json types = Json::object();
  for (const auto& [type, count] : group.types) types[type] = count;
  Json breakers = Json::array();
  for (const Breaker& breaker : group.breakers) {
    breakers.push_back({{"edge", breaker.kind},
                        {"references", breaker.references},
                        {"largest_left", breaker.largest_left}});
  }
  return {{"count", group.count},
          {"objects", group.objects},
          {"bytes", group.bytes},
          {"garbage", group.garbage},
          {"signature", group.signature},
          {"types", std::move(types)},
          {"example", std::move(example)},
          {"held_by", held_by_json(graph, paths, group)},
          {"cut",
           {{"step", group.cut},
            {"edge", label_of(graph, group.example[group.cut])},
            {"reason", group.cut_reason}}},
          {"with_del", group.finalizers},
          {"not_collectable", group.unseen},
          {"largest", group.largest},
          {"broken_by", std::move(breakers)}};
}

Json collector_json(const CollectorState& collector) {
  Json generations = Json::array();
  for (const auto& generation : collector.generations) {
    generations.push_back({{"threshold", generation.threshold},
                           {"count", generation.count},
                           {"collections", generation.collections},
                           {"collected", generation.collected},
                           {"uncollectable", generation.uncollectable}});
  }
  return {{"interpreter", collector.interpreter},
          {"enabled", collector.enabled},
          {"generations", std::move(generations)}};
}

Json sum_json(const CycleSum& sum) {
  return {{"cycles", sum.count}, {"objects", sum.objects}, {"bytes", sum.bytes}};
}

}  // namespace

std::string cycles_text(const Inspection& inspection, const CycleReport& report,
                        const ShortestPaths& paths, std::size_t top, const Terminal& terminal) {
  const HeapGraph& graph = inspection.graph;
  std::string text = garbage_line(report) + entries(graph, report, paths, top, true, terminal);
  const CycleSum alive = sum_of(report, false);
  if (report.live) {
    text += "alive: " +
            (alive.count == 0
                 ? std::string("no cycles")
                 : count_of(alive.count, "cycle") + " of " + count_of(alive.objects, "object") +
                       ", " + human_bytes(alive.bytes)) +
            '\n';
    text += entries(graph, report, paths, top, false, terminal);
  }
  if (report.groups.size() > top) {
    text += "and " + count_of(report.groups.size() - top, "more kind") + " of cycles (--top 0)\n";
  }
  if (report.structural.count > 0) {
    text += "structural: " + count_of(report.structural.count, "cycle") +
            " of classes and functions alone, " + count_of(report.structural.objects, "object") +
            ", " + human_bytes(report.structural.bytes) + " (--all)\n";
  }
  for (const CollectorState& collector : inspection.collectors) {
    text += collector_line(collector, inspection.collectors.size() == 1);
  }
  return text;
}

std::string cycles_json(const Inspection& inspection, const CycleReport& report,
                        const ShortestPaths& paths, std::size_t top) {
  Json document = document_head("cycles", inspection);
  document["totals"] = {{"cycles", report.total.count},
                        {"objects", report.total.objects},
                        {"bytes", report.total.bytes},
                        {"garbage_objects", report.garbage.collected},
                        {"garbage_bytes", report.garbage.bytes},
                        {"unreachable_objects", report.garbage.count},
                        {"uncollectable_objects", report.garbage.legacy_count},
                        {"gc_garbage", report.garbage.kept}};
  Json cycles = Json::array();
  const std::size_t shown = std::min(top, report.groups.size());
  for (std::size_t i = 0; i < shown; ++i) {
    cycles.push_back(group_json(inspection.graph, paths, report.groups[i]));
  }
  document["cycles"] = std::move(cycles);
  if (shown < report.groups.size()) document["cycles_left_out"] = report.groups.size() - shown;
  document["structural"] = sum_json(report.structural);
  Json collectors = Json::array();
  for (const CollectorState& collector : inspection.collectors) {
    collectors.push_back(collector_json(collector));
  }
  document["collectors"] = std::move(collectors);
  return write_json(document);
}

}  // namespace heapglass
