// heapglass cycles PID: garbage that waits for the collector, and cycles of what is alive.
#include "inspector/analysis/cycles.h"

#include <boost/program_options/value_semantic.hpp>

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/output.h"
#include "cli/render/cycles.h"
#include "inspector/memory_budget.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;

void add_own_options(po::options_description& options) {
  auto add = options.add_options();
  add("garbage", po::bool_switch(),
      "Only what nothing holds any more, to see what the collector would free: quick, and always "
      "a fault where the collector is off.");
  add("all", po::bool_switch(),
      "Follow the references that hold every program together too (object to type, function to "
      "globals, module to what it defines, …), and show the cycles of classes and functions.");
}

std::string render(const Context& context, const Inspection& inspection,
                   const CycleReport& report) {
  const std::size_t top = rows_to_show(context.options);
  if (report.live) require_memory(context.run, memory_of_paths(inspection.graph));
  const ShortestPaths paths = report.live ? shortest_paths(inspection.graph) : ShortestPaths{};
  switch (context.options.format) {
    case Format::dot:
      return cycles_dot(inspection.graph, report, top);
    case Format::json:
      return cycles_json(inspection, report, paths, top);
    case Format::table:
    case Format::csv:
      break;
  }
  return cycles_text(inspection, report, paths, top, context.terminal);
}

Exit run(Context& context) {
  refuse_csv(context);
  CycleOptions asked;
  asked.garbage_only = context.own["garbage"].as<bool>();
  asked.all = context.own["all"].as<bool>();
  asked.type_pattern = context.options.type_pattern;
  if (asked.garbage_only && asked.all) {
    throw Failure(Exit::usage, "--garbage and --all contradict each other", "--garbage");
  }
  Output output(context.options.output, context.options.force, context.run);
  InspectOptions options;
  options.names = true;
  const Inspection inspection = inspect_target(context, options);
  asked.weak_entries = inspection.weak_entries;
  context.run.report("finding cycles", -1);
  const CycleReport report = find_cycles(inspection.graph, asked);
  context.progress.clear();
  output.write(render(context, inspection, report));
  output.commit();
  conclude(context, inspection);
  return Exit::done;
}

}  // namespace

Command cycles_command() {
  return {
      .name = "cycles",
      .summary = "garbage that waits for the collector, and reference cycles",
      .about =
          "What keeps itself alive. Garbage is what gc.collect() would find unreachable\n"
          "now. Alive are cycles that something still holds: when that lets go, only the\n"
          "collector can free them. Cycles of one kind are one entry: how many, the types\n"
          "around the cycle, by which references, and which of them to cut (make it a\n"
          "weakref, or clear it in a close()). References that hold every program\n"
          "together, and cycles of classes and functions alone, are left out; --all shows\n"
          "them.",
      .example =
          "  heapglass cycles 1234\n"
          "  heapglass cycles 1234 --garbage\n"
          "  heapglass cycles 1234 --type 'myapp.*' --format dot | dot -Tsvg > cycles.svg",
      .groups = kGeneral | kFormats | kDot | kTops | kTypes | kProcess | kReading,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
