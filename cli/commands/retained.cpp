// heapglass retained PID: what is kept alive by what.
#include "cli/render/retained.h"

#include <boost/program_options/value_semantic.hpp>

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/commands/selection.h"
#include "inspector/analysis/glob.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kMostObjects = 1000;  // of JSON and CSV, unless --top asks for others
constexpr std::uint64_t kShareShown = 100;  // of the heap: a branch or a group has a hundredth

void add_own_options(po::options_description& options) {
  auto add = options.add_options();
  add("by", po::value<std::string>()->value_name("type|module|thread"),
      "What all objects of a type retain together, each counted once; or what would go with a "
      "module, or with a thread.");
  add("tree", po::bool_switch(),
      "What holds what holds what: the heaviest first, down to a hundredth of the heap.");
}

struct Asked {
  std::string by;  // empty: objects
  bool tree = false;
};

Asked read_own_options(const Context& context) {
  Asked asked;
  asked.tree = context.own["tree"].as<bool>();
  if (context.own.count("by") != 0) {
    asked.by = context.own["by"].as<std::string>();
    const std::vector<std::string> choices{"type", "module", "thread"};
    one_of("--by", asked.by, choices);
  }
  if (asked.tree && !asked.by.empty()) {
    throw Failure(Exit::usage, "--tree and --by are two answers", "give one of them");
  }
  if ((asked.tree || (!asked.by.empty() && asked.by != "type")) &&
      !context.options.type_pattern.empty()) {
    throw Failure(Exit::usage, "--type is for objects and types", "leave --type out");
  }
  if (asked.tree && context.options.format == Format::csv) refuse_csv(context);
  return asked;
}

std::vector<RetainedRow> rows_of(const Context& context, const HeapGraph& graph,
                                 const Dominators& tree, const std::string& by) {
  if (by == "module") return retained_by_owner(graph, tree, OwnerKind::module);
  if (by == "thread") return retained_by_owner(graph, tree, OwnerKind::thread);
  std::vector<RetainedRow> rows = retained_by_type(graph, tree);
  if (!context.options.type_pattern.empty()) {
    std::erase_if(rows, [&](const RetainedRow& row) {
      return !glob_match(context.options.type_pattern, row.name);
    });
  }
  return rows;
}

std::string render_objects(const Context& context, const RetainedView& view, Json document) {
  std::size_t top = rows_to_show(context.options);
  if (!context.options.top && context.options.format != Format::table) top = kMostObjects;
  const bool all_types = context.options.type_pattern.empty();
  const std::vector<bool> types =
      all_types ? std::vector<bool>{} : selected_types(context, view.graph);
  const auto objects = heaviest_objects(view.graph, view.tree, types, top);
  if (context.options.format == Format::csv) return heaviest_csv(view, objects);
  std::vector<SharedGroup> groups;
  if (all_types) {
    const std::uint64_t all = view.tree.bytes[view.tree.root()];
    groups = shared_groups(view.graph, view.tree, all / kShareShown + 1);
  }
  constexpr std::size_t kMostGroups = 10;
  if (context.options.format == Format::table) {
    return heaviest_table(view, objects) + shared_text(view, groups, kMostGroups);
  }
  put_heaviest(document, view, objects);
  put_shared(document, view, groups, kMostGroups);
  return write_json(document);
}

std::string render(const Context& context, const Asked& asked, const Inspection& inspection) {
  const HeapGraph& graph = inspection.graph;
  const Dominators tree = dominators(graph);
  const ShortestPaths paths = asked.by.empty() ? shortest_paths(graph) : ShortestPaths{};
  const KeyText key_text = key_text_of(inspection);
  const RetainedView view{graph, tree, paths, key_text, context.terminal};
  const std::size_t top = rows_to_show(context.options);
  const Format format = context.options.format;
  Json document;
  if (format == Format::json) {
    document = document_head("retained", inspection);
    document["totals"] = {{"objects", graph.size()}, {"bytes", tree.bytes[tree.root()]}};
  }
  if (asked.tree) {
    const std::uint64_t least = tree.bytes[tree.root()] / kShareShown + 1;
    if (format == Format::table) return tree_text(view, least, top);
    put_tree(document, view, least, top);
    return write_json(document);
  }
  if (asked.by.empty()) return render_objects(context, view, std::move(document));
  const std::vector<RetainedRow> rows = rows_of(context, graph, tree, asked.by);
  if (format == Format::table) return rows_table(view, rows, asked.by, top);
  if (format == Format::csv) return rows_csv(rows, asked.by, top);
  put_rows(document, rows, asked.by, top);
  return write_json(document);
}

Exit run(Context& context) {
  const Asked asked = read_own_options(context);
  return answer(context,
                [&](const Inspection& inspection) { return render(context, asked, inspection); });
}

}  // namespace

Command retained_command() {
  return {
      .name = "retained",
      .summary = "what keeps how much alive: objects, types, modules, threads",
      .about =
          "What would go if it went? An object retains what nothing else holds: its own\n"
          "footprint and those of all objects that cannot be reached from any root but\n"
          "through it. Below the table stands what two or three hold together, and none\n"
          "of them alone. JSON and CSV have the 1000 heaviest objects unless --top says\n"
          "otherwise (0: all).",
      .example =
          "  heapglass retained 1234\n"
          "  heapglass retained 1234 --by type --top 30\n"
          "  heapglass retained 1234 --tree",
      .groups = kGeneral | kFormats | kTops | kTypes | kProcess | kReading | kValues,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
