// heapglass export PID: the object graph, or metrics of it, for other tools.
#include <boost/program_options/value_semantic.hpp>

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/commands/metric_options.h"
#include "cli/output.h"
#include "cli/render/document.h"
#include "cli/render/ndjson.h"
#include "cli/render/openmetrics.h"
#include "inspector/analysis/garbage.h"
#include "inspector/analysis/histogram.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;

void add_own_options(po::options_description& options) {
  options.add_options()("format", po::value<std::string>()->value_name("ndjson|openmetrics"),
                        "ndjson: one object a line with its references, for jq, DuckDB, pandas or "
                        "a program of yours. openmetrics: what Prometheus scrapes.")(
      "labels", po::bool_switch(),
      "Name every reference, to see by which attribute, item or local it is held: `edges` beside "
      "`references`, `also_edges` beside `also`.")(
      "columns", po::bool_switch(),
      "What else is known of an object: `length` and `capacity` of containers and text, `fd` of "
      "files and sockets, `lru` of caches, the `line` where a frame stands, whether a lock is "
      "`locked`, the `state` of a future.");
  add_metric_options(options);
}

enum class ExportFormat { ndjson, openmetrics };

ExportFormat read_format(const Context& context) {
  if (context.own.count("format") == 0) {
    throw Failure(Exit::usage, "export needs a --format",
                  call_with_source(context, "export") + " --format ndjson");
  }
  const auto& name = context.own["format"].as<std::string>();
  for (const char* later : {"heapsnapshot", "sqlite"}) {
    if (name != later) continue;
    throw Failure(Exit::usage, "--format " + name + " is not in this version", "--format ndjson");
  }
  const std::vector<std::string> names{"ndjson", "openmetrics"};
  const auto format = static_cast<ExportFormat>(one_of("--format", name, names));
  const bool metrics = format == ExportFormat::openmetrics;
  for (const char* option : {"labels", "columns", "values"}) {
    if (!metrics || !context.own[option].as<bool>()) continue;
    throw Failure(Exit::usage, "metrics have no --" + std::string(option),
                  "leave --" + std::string(option) + " out");
  }
  if (!metrics && has_metric_options(context)) {
    throw Failure(Exit::usage, "--label and --metric-types are for metrics",
                  "--format openmetrics, or leave them out");
  }
  return format;
}

Exit export_metrics(Context& context) {
  const MetricOptions asked = read_metric_options(context);
  Output output(context.options.output, context.options.force, context.run);
  const Inspection inspection = inspect_target(context, {.names = true});
  output.write(openmetrics_text(
      inspection, histogram(inspection.graph, {}),
      find_garbage(inspection.graph, inspection.weak_entries, inspection.target.free_threaded),
      asked.types, asked.labels));
  output.commit();
  conclude(context, inspection);
  return Exit::done;
}

constexpr std::size_t kPiece = 1 << 20;  // bytes
constexpr std::size_t kLook = 4096;      // lines between two looks at the clock and at signals

void write_piece(Context& context, Output& output, std::string& text) {
  output.write(text);
  text.clear();
  if (context.run.stopping()) throw Interrupted{context.run.interrupted->load()};
}

// The head of any document, and the roots.
void write_first_line(Context& context, const Inspection& inspection, Output& output) {
  std::string text = write_json_line(document_head("graph", inspection));
  text.resize(text.rfind('}'));
  text += ",\"roots\":[";
  RootItems roots(inspection.graph);
  for (std::size_t i = 0; i < inspection.graph.roots.size(); ++i) {
    roots.append(text, i);
    if (i % kLook == kLook - 1) write_piece(context, output, text);
  }
  for (const NativeRoot& root : native_roots(inspection.graph)) {
    roots.append(text, root);
    if (text.size() > kPiece) write_piece(context, output, text);
  }
  text += "],\"root_counts\":";
  roots.append_counts(text);
  text += "}\n";
  output.write(text);
}

void write_graph(Context& context, const Inspection& inspection, Output& output) {
  write_first_line(context, inspection, output);
  const std::size_t objects = inspection.graph.size();
  const bool labels = context.own["labels"].as<bool>();
  const bool columns = context.own["columns"].as<bool>();
  const ObjectLines lines(inspection.graph, labels, columns ? &inspection.columns : nullptr,
                          inspection.contents.get());
  std::string text;
  for (std::size_t i = 0; i < objects; ++i) {
    lines.append(text, i);
    if (i % kLook != kLook - 1) continue;
    write_piece(context, output, text);
    // On a terminal the lines themselves are progress enough.
    if (!context.terminal.interactive) {
      context.run.report("writing", static_cast<double>(i) / static_cast<double>(objects));
    }
  }
  output.write(text);
  output.commit();
}

Exit run(Context& context) {
  if (read_format(context) == ExportFormat::openmetrics) return export_metrics(context);
  Output output(context.options.output, context.options.force, context.run);
  InspectOptions options;
  options.names = context.own["labels"].as<bool>();
  // What hashes are compared for is not told.
  if (context.own["columns"].as<bool>())
    options.columns = kAllColumns & ~(kContentHashes | kGenerations);
  options.contents = context.options.values;
  const Inspection inspection = inspect_target(context, options);
  write_graph(context, inspection, output);
  conclude(context, inspection);
  return Exit::done;
}

}  // namespace

Command export_command() {
  return {
      .name = "export",
      .summary = "the object graph, or metrics of it, for other tools",
      .about =
          "The whole object graph, for other tools. A first line says what was read and\n"
          "how, and names the roots; then one object a line: address, type, size,\n"
          "footprint, refcount, whether the collector tracks it, `references` (as\n"
          "gc.get_referents has them), `also` (what it holds besides) and `inferred` (read\n"
          "conservatively, from an object of a type without a table). With --labels the\n"
          "names of references stand beside them: `.name` of attributes, globals and\n"
          "fields, `[3]` of items, `[<str>]` of values of a dict by the type of their key\n"
          "(with --values by its text), `<key>`, `<member>`, `local x`, and in angle\n"
          "brackets what Python has no name for.\n"
          "As openmetrics: objects and bytes by type, garbage, memory, the pause.",
      .example =
          "  heapglass export 1234 --format ndjson -o heap.ndjson\n"
          "  heapglass export 1234 --format ndjson --labels | gzip > heap.ndjson.gz\n"
          "  heapglass export 1234 --format openmetrics --label service=shop",
      .groups = kGeneral | kProcess | kReading | kValues,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
