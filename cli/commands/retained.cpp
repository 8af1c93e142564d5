// heapglass retained PID: what is kept alive by what.
#include "cli/render/retained.h"

#include <boost/program_options/value_semantic.hpp>

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/commands/selection.h"
#include "inspector/analysis/glob.h"
#include "inspector/analysis/task_groups.h"
#include "inspector/memory_budget.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;

constexpr std::uint64_t kShareShown = 100;  // of the heap: a branch or a group has a hundredth

void add_own_options(po::options_description& options) {
  auto add = options.add_options();
  add("by", po::value<std::string>()->value_name("type|module|thread|task"),
      "What all objects of a type retain together, each counted once; what would go with a "
      "module, or with a thread; or with all asyncio tasks of one function.");
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
    const std::vector<std::string> choices{"type", "module", "thread", "task"};
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

std::vector<RetainedRow> rows_of_tasks(const Inspection& inspection, const Dominators& tree) {
  std::vector<RetainedRow> rows;
  const auto tasks = find_tasks(inspection.graph, inspection.columns);
  for (const TaskGroup& group :
       task_groups(inspection.graph, inspection.columns, tree, tasks, true)) {
    rows.push_back({group.text + ", " + std::string(future_state_name(group.state)), group.count,
                    group.bytes, group.retained_bytes, group.retained_objects});
  }
  return rows;
}

std::vector<RetainedRow> rows_of(const Context& context, const Inspection& inspection,
                                 const Dominators& tree, const std::string& by) {
  const HeapGraph& graph = inspection.graph;
  if (by == "task") return rows_of_tasks(inspection, tree);
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

void write_objects(const Context& context, const RetainedView& view, const Json& head,
                   const Write& write) {
  const Format format = context.options.format;
  const bool all_types = context.options.type_pattern.empty();
  const std::vector<bool> types =
      all_types ? std::vector<bool>{} : selected_types(context, view.graph);
  const bool whole = format != Format::table && !context.options.top;
  const auto objects = whole && all_types ? heaviest_objects(view.graph, view.tree)
                                          : heaviest_objects(view.graph, view.tree, types,
                                                             rows_to_show(context.options));
  if (format == Format::csv) return write_heaviest_csv(write, view, objects);
  std::vector<SharedGroup> groups;
  if (all_types) {
    const std::uint64_t all = view.tree.bytes[view.tree.root()];
    groups = shared_groups(view.graph, view.tree, all / kShareShown + 1);
  }
  constexpr std::size_t kMostGroups = 10;
  if (format == Format::table) {
    return write(heaviest_table(view, objects) + shared_text(view, groups, kMostGroups));
  }
  JsonStream document(head, write);
  write_heaviest(document, view, objects);
  Json shared;
  put_shared(shared, view, groups, kMostGroups);
  document.put("shared", shared["shared"]);
  document.finish();
}

void write_answer(const Context& context, const Asked& asked, const Inspection& inspection,
                  const Write& write) {
  const HeapGraph& graph = inspection.graph;
  require_memory(context.run, memory_of_dominators(graph));
  const Dominators tree = dominators(graph);
  if (asked.by.empty()) require_memory(context.run, memory_of_paths(graph));
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
    if (format == Format::table) return write(tree_text(view, least, top));
    put_tree(document, view, least, top);
    return write(write_json(document));
  }
  if (asked.by.empty()) return write_objects(context, view, document, write);
  const std::vector<RetainedRow> rows = rows_of(context, inspection, tree, asked.by);
  if (format == Format::table) return write(rows_table(view, rows, asked.by, top));
  if (format == Format::csv) return write(rows_csv(rows, asked.by, top));
  put_rows(document, rows, asked.by, top);
  write(write_json(document));
}

Exit run(Context& context) {
  const Asked asked = read_own_options(context);
  InspectOptions options = named(context);
  if (asked.by == "task") options.columns = kFutures;
  return answer(context, options, [&](const Inspection& inspection, Output& output) {
    write_answer(context, asked, inspection, [&](std::string_view text) { output.write(text); });
  });
}

}  // namespace

Command retained_command() {
  return {
      .name = "retained",
      .summary = "what keeps how much alive: objects, types, modules, threads, tasks",
      .about =
          "What would go if it went? An object retains what nothing else holds: its own\n"
          "footprint and those of all objects that cannot be reached from any root but\n"
          "through it. Below the table stands what two or three hold together, and none\n"
          "of them alone. JSON and CSV have all objects unless --top says otherwise, the\n"
          "first thousand with their paths.",
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
