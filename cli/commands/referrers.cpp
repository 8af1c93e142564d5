// heapglass referrers PID --type PATTERN: who refers to these objects.
#include "inspector/analysis/referrers.h"

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/commands/selection.h"
#include "cli/render/referrers.h"
#include "inspector/memory_budget.h"

namespace heapglass {
namespace {

std::string render(const Context& context, const Inspection& inspection) {
  const HeapGraph& graph = inspection.graph;
  const std::vector<ObjectId> objects = select_objects(context, graph);
  const std::size_t top = rows_to_show(context.options);
  const KeyText key_text = key_text_of(inspection);
  require_memory(context.run, memory_of_paths(graph));
  const ShortestPaths paths = shortest_paths(graph);
  const ReferrerRows rows = referrer_rows(graph, paths, referrers(graph, objects), key_text);
  switch (context.options.format) {
    case Format::table:
      return referrers_table(graph, rows, objects.size(), top, context.terminal);
    case Format::csv:
      return referrers_csv(graph, rows, top);
    case Format::dot:
      return referrers_dot(graph, rows, objects, top);
    case Format::json:
      break;
  }
  Json document = document_head("referrers", inspection);
  put_referrers(document, graph, rows, objects.size(), top);
  return write_json(document);
}

Exit run(Context& context) {
  require_selection(context);
  return answer(context, [&](const Inspection& inspection) { return render(context, inspection); });
}

}  // namespace

Command referrers_command() {
  return {
      .name = "referrers",
      .summary = "who refers to objects: one step back from them",
      .about =
          "Who refers to them, one step back: from objects of which types, under which\n"
          "names, how often, and how the first such referrer is itself held. Like\n"
          "gc.get_referrers(), with names, and with those that the collector does not see.",
      .example =
          "  heapglass referrers 1234 --type shop.models.Order\n"
          "  heapglass referrers 1234 --type dict --address 0x7f0123456780",
      .groups =
          kGeneral | kFormats | kDot | kTops | kTypes | kAddress | kProcess | kReading | kValues,
      .run = run,
  };
}

}  // namespace heapglass
