// heapglass paths PID --type PATTERN: why these objects are alive.
#include "cli/render/paths.h"

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/commands/selection.h"
#include "cli/render/numbers.h"
#include "inspector/analysis/path_shapes.h"
#include "inspector/memory_budget.h"

namespace heapglass {
namespace {

PathRows merged(const HeapGraph& graph, const ShortestPaths& paths,
                const std::vector<ObjectId>& objects, std::size_t top) {
  const PathShapes shapes = path_shapes(graph, paths, objects);
  PathRows result;
  result.without = shapes.without;
  for (const PathShape& shape : shapes.shapes) {
    PathRow& row = result.rows.emplace_back();
    row.count = shape.count;
    row.footprint = shape.footprint;
    if (result.rows.size() > top) continue;
    row.path = path_to(graph, paths, shape.example);
    row.text = shape_text(graph, row.path);
  }
  return result;
}

// Of one object: its shortest path, and one by each other referrer that is reached without it.
PathRows alternatives(const HeapGraph& graph, const ShortestPaths& paths, ObjectId object,
                      const KeyText& key_text) {
  constexpr std::size_t kMost = 100;
  PathRows result;
  const auto add = [&](Path path) {
    PathRow& row = result.rows.emplace_back();
    row.path = std::move(path);
    row.footprint = graph.footprint[index(object)];
    row.text = path_text(graph, row.path, key_text);
  };
  result.without = paths.has(object) ? 0 : 1;
  if (!paths.has(object)) return result;
  for (const Path& path : paths_to(graph, paths, object, kMost)) add(path);
  return result;
}

std::string title_of(const HeapGraph& graph, const Context& context,
                     const std::vector<ObjectId>& objects, const PathRows& result) {
  if (objects.size() == 1) {
    const std::string address = address_text(graph.address[index(objects[0])]);
    return type_name(graph, objects[0]) + " at " + address +
           (result.rows.size() > 1 ? ": each way to it, the shortest first" : "");
  }
  std::string title = thousands(objects.size()) + " objects of " + context.options.type_pattern;
  if (result.rows.empty()) return title;
  const PathRow& first = result.rows.front();
  if (first.count == objects.size()) return title + ", all held like this";
  return title + ": " + thousands(first.count) + " are held like the first";
}

std::string render(const Context& context, const Inspection& inspection) {
  const HeapGraph& graph = inspection.graph;
  const std::vector<ObjectId> objects = select_objects(context, graph);
  const std::size_t top = rows_to_show(context.options);
  const KeyText key_text = key_text_of(inspection);
  require_memory(context.run, memory_of_paths(graph));
  const ShortestPaths paths = shortest_paths(graph);
  PathRows result = objects.size() == 1 ? alternatives(graph, paths, objects[0], key_text)
                                        : merged(graph, paths, objects, top);
  result.objects = objects.size();
  result.title = title_of(graph, context, objects, result);
  switch (context.options.format) {
    case Format::table:
      return paths_table(result, top, context.terminal);
    case Format::csv:
      return paths_csv(result, top);
    case Format::dot:
      return paths_dot(graph, result, top, key_text);
    case Format::json:
      break;
  }
  Json document = document_head("paths", inspection);
  put_paths(document, graph, result, top, key_text);
  return write_json(document);
}

Exit run(Context& context) {
  require_selection(context);
  return answer(context, [&](const Inspection& inspection) { return render(context, inspection); });
}

}  // namespace

Command paths_command() {
  return {
      .name = "paths",
      .summary = "why objects are alive: from which root, by which attributes",
      .about =
          "Why are they alive? From a root (a module, a local of a running function, a\n"
          "thread) the shortest path to each object of a type, never through weak\n"
          "references, as you would write it in Python: `shop.registry._open[<str>]`. Paths\n"
          "that differ in positions and keys alone are counted together. What follows an\n"
          "arrow is no Python: a key, a local of a generator, a field of C's. Of a single\n"
          "object, each way that leads to it.",
      .example =
          "  heapglass paths 1234 --type shop.models.Order\n"
          "  heapglass paths 1234 --type dict --address 0x7f0123456780 --values",
      .groups =
          kGeneral | kFormats | kDot | kTops | kTypes | kAddress | kProcess | kReading | kValues,
      .run = run,
  };
}

}  // namespace heapglass
