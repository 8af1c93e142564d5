// heapglass histogram PID: objects and bytes by type.
#include "inspector/analysis/histogram.h"

#include <algorithm>
#include <boost/program_options/value_semantic.hpp>
#include <iostream>
#include <optional>

#include "cli/commands/children.h"
#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/nearest.h"
#include "cli/output.h"
#include "cli/render/escape.h"
#include "cli/render/family.h"
#include "cli/render/histogram.h"
#include "inspector/analysis/collector_closure.h"
#include "inspector/analysis/glob.h"
#include "inspector/shared_pages.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;

void add_own_options(po::options_description& options) {
  auto add = options.add_options();
  add("by", po::value<std::string>()->value_name("type|module"),
      "One row for each type (the default), or for each module, to see which library holds the "
      "memory.");
  add("sort", po::value<std::string>()->value_name("bytes|footprint|count"),
      "What comes first: bytes as sys.getsizeof has them (the default), memory occupied, or the "
      "number of objects, to see what is slow rather than large.");
  add("tracked", po::bool_switch(),
      "Only objects in the collector's lists, to compare with len(gc.get_objects()).");
  add("collector", po::bool_switch(),
      "Only what gc.get_objects and gc.get_referents reach, to compare with objgraph and pympler.");
}

std::string choice(const Context& context, const char* option, const char* otherwise) {
  return context.own.count(option) == 0 ? otherwise : context.own[option].as<std::string>();
}

HistogramOptions read_own_options(const Context& context) {
  const std::vector<std::string> by{"type", "module"};
  const std::vector<std::string> sort{"bytes", "footprint", "count"};
  HistogramOptions options;
  options.by = static_cast<HistogramBy>(one_of("--by", choice(context, "by", "type"), by));
  options.sort =
      static_cast<HistogramSort>(one_of("--sort", choice(context, "sort", "bytes"), sort));
  options.tracked_only = context.own["tracked"].as<bool>();
  options.type_pattern = context.options.type_pattern;
  return options;
}

Json head(const Context& context, const Inspection& inspection) {
  Json document = document_head("histogram", inspection);
  document["by"] = choice(context, "by", "type");
  document["sort"] = choice(context, "sort", "bytes");
  return document;
}

std::string render(const Context& context, const HistogramOptions& asked,
                   const Inspection& inspection, const Histogram& result) {
  const std::size_t top = rows_to_show(context.options);
  switch (context.options.format) {
    case Format::table:
      return histogram_table(result, asked.by, top, context.terminal);
    case Format::csv:
      return histogram_csv(result, asked.by, top);
    case Format::json:
    case Format::dot:  // refused with its options
      break;
  }
  Json document = head(context, inspection);
  put_histogram(document, result, asked.by, top);
  return write_json(document);
}

std::string render_grown(const Context& context, const HistogramOptions& asked,
                         const Inspection& inspection, const GrownHistogram& grown) {
  const std::size_t top = rows_to_show(context.options);
  switch (context.options.format) {
    case Format::table:
      return grown_table(grown, asked.by, top, context.terminal);
    case Format::csv:
      return grown_csv(grown, asked.by, top);
    case Format::json:
    case Format::dot:
      break;
  }
  Json document = head(context, inspection);
  put_grown(document, grown, asked.by, top);
  return write_json(document);
}

// Where no object is of a type that the pattern matches: it may be mistyped.
void hint_at_type(const Context& context, const HeapGraph& graph) {
  const std::string& pattern = context.options.type_pattern;
  if (pattern.empty() || context.options.quiet) return;
  std::vector<std::string> names;
  for (const HistogramRow& row : histogram(graph, {}).rows) names.push_back(row.name);
  const bool matches = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return glob_match(pattern, name);
  });
  if (matches) return;
  std::cerr << "heapglass: no object here is of a type that matches '" << escape_terminal(pattern)
            << "'\n";
  if (const auto near = nearest_type(pattern, names)) {
    std::cerr << "  try: --type '" << escape_terminal(*near) << "'\n";
  }
}

Histogram count(const Context& context, const HistogramOptions& asked, const HeapGraph& graph) {
  const bool collector = context.own["collector"].as<bool>();
  return histogram(graph, asked, collector ? collector_closure(graph) : std::vector<bool>{});
}

FamilyMember member_of(const Context& context, const HistogramOptions& asked,
                       const Inspection& inspection) {
  FamilyMember member{inspection.target, inspection.acquisition, inspection.process,
                      count(context, asked, inspection.graph), std::nullopt};
  if (const auto shared = on_shared_pages(inspection.target.pid, inspection.graph)) {
    std::vector<bool> only = *shared;
    if (context.own["collector"].as<bool>()) {
      const std::vector<bool> closure = collector_closure(inspection.graph);
      for (std::size_t i = 0; i < only.size(); ++i) only[i] = only[i] && closure[i];
    }
    member.shared = histogram(inspection.graph, asked, only);
  }
  return member;
}

Exit run_family(Context& context, const HistogramOptions& asked, Output& output) {
  if (context.options.over || !context.options.save.empty()) {
    throw Failure(Exit::usage, "--children is for one look, and keeps none",
                  "leave --over and --save out");
  }
  Family family;
  const auto invalid = inspect_family(context, {}, [&](const Inspection& inspection) {
    family.members.push_back(member_of(context, asked, inspection));
  });
  family.sum = sum_of(family.all(), asked.sort);
  family.shared_sum = sum_of(family.shared(), asked.sort);
  const std::size_t top = rows_to_show(context.options);
  switch (context.options.format) {
    case Format::table:
      output.write(family_table(family, asked.by, top, context.terminal));
      break;
    case Format::csv:
      output.write(family_csv(family, asked.by, top));
      break;
    case Format::json:
    case Format::dot:  // refused with its options
      output.write(write_json(family_json(family, asked.by, top)));
      break;
  }
  output.commit();
  if (invalid) throw Failure(*invalid);
  return Exit::done;
}

Exit run(Context& context) {
  const HistogramOptions asked = read_own_options(context);
  Output output(context.options.output, context.options.force, context.run);
  if (context.options.children) return run_family(context, asked, output);
  std::optional<Histogram> before;
  std::chrono::system_clock::time_point then;
  if (context.options.over) {
    const Inspection first = first_look(context, {});
    before = count(context, asked, first.graph);
    then = first.acquisition.taken_at;
  }
  if (before) wait_for_second_look(context);
  const Inspection inspection = inspect_target(context);
  const Histogram result = count(context, asked, inspection.graph);
  if (before) {
    const std::chrono::duration<double> between = inspection.acquisition.taken_at - then;
    const GrownHistogram grown{*before, result, grown_rows(*before, result, asked.sort),
                               between.count()};
    output.write(render_grown(context, asked, inspection, grown));
  } else {
    output.write(render(context, asked, inspection, result));
  }
  output.commit();
  if (result.rows.empty()) hint_at_type(context, inspection.graph);
  conclude(context, inspection);
  return Exit::done;
}

}  // namespace

Command histogram_command() {
  return {
      .name = "histogram",
      .summary = "objects and bytes by type",
      .about =
          "Objects and bytes by type: what is all this memory? SIZE is what sys.getsizeof\n"
          "says; FOOTPRINT is what the objects occupy, with their tables, headers and\n"
          "rounding.",
      .example =
          "  heapglass histogram 1234\n"
          "  heapglass histogram 1234 --type 'myapp.*' --sort count\n"
          "  heapglass histogram 1234 --over 60s\n"
          "  heapglass histogram 1234 --json -o heap.json",
      .groups =
          kGeneral | kFormats | kTops | kTypes | kProcess | kReading | kOver | kChildren | kLive,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
