// heapglass show PID --type TYPE [--address 0x...]: what one object is.
#include "cli/render/show.h"

#include <algorithm>

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/commands/selection.h"
#include "inspector/memory_budget.h"

namespace heapglass {
namespace {

std::string render(const Context& context, const Inspection& inspection) {
  const HeapGraph& graph = inspection.graph;
  const std::vector<ObjectId> objects = select_objects(context, graph);
  require_memory(context.run, memory_of_dominators(graph) + memory_of_paths(graph));
  const Dominators tree = dominators(graph);
  const ObjectId object = *std::max_element(
      objects.begin(), objects.end(),
      [&](ObjectId a, ObjectId b) { return tree.bytes[index(a)] < tree.bytes[index(b)]; });
  const ShortestPaths paths = shortest_paths(graph);
  const KeyText key_text = key_text_of(inspection);
  Shown shown = show(graph, tree, paths, object, key_text);
  shown.of = objects.size();
  if (inspection.contents != nullptr) shown.value = inspection.contents->of(object, graph);
  const std::size_t top = rows_to_show(context.options);
  if (context.options.format == Format::table) {
    return shown_text(graph, tree, shown, top, context.terminal);
  }
  Json document = document_head("show", inspection);
  put_shown(document, graph, tree, shown, top);
  return write_json(document);
}

Exit run(Context& context) {
  refuse_csv(context);
  require_selection(context);
  return answer(context, [&](const Inspection& inspection) { return render(context, inspection); });
}

}  // namespace

Command show_command() {
  return {
      .name = "show",
      .summary = "one object: sizes, counts, attributes, referrers",
      .about =
          "What is it? One object: its sizes, what it retains, its reference count and how\n"
          "much of that is explained, how it is held, what it refers to by name, and who\n"
          "refers to it. Without --address, the one of the type that retains most.",
      .example =
          "  heapglass show 1234 --type shop.registry.Registry\n"
          "  heapglass show 1234 --type dict --address 0x7f0123456780 --values",
      .groups = kGeneral | kFormats | kTops | kTypes | kAddress | kProcess | kReading | kValues,
      .run = run,
  };
}

}  // namespace heapglass
