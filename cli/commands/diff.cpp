// heapglass diff A B [C]: what changed between looks at one process.
#include "cli/render/diff.h"

#include <algorithm>
#include <boost/program_options/value_semantic.hpp>

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/output.h"
#include "cli/render/numbers.h"
#include "inspector/analysis/glob.h"
#include "inspector/memory_budget.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;
using Seconds = std::chrono::duration<double>;

void add_own_options(po::options_description& options) {
  options.add_options()("by", po::value<std::string>()->value_name("type|module|path"),
                        "One row for each type (the default, with the first paths below), for each "
                        "module, or for each way in which new and gone objects are held.");
}

enum class By { type, module, path };

By read_by(const Context& context) {
  if (context.own.count("by") == 0) return By::type;
  const std::vector<std::string> choices{"type", "module", "path"};
  return static_cast<By>(one_of("--by", context.own["by"].as<std::string>(), choices));
}

// Of each source, in their order; the last one may be a process.
std::vector<Inspection> take_looks(Context& context) {
  for (const Source& source : context.earlier) {
    if (!source.file.empty()) continue;
    throw Failure(Exit::usage,
                  "a process is as it is now, so it can be the last look only, and " +
                      source.word() + " is not the last",
                  "heapglass diff EARLIER.npz " + source.word());
  }
  if (context.source.pid == 0 && !context.options.save.empty()) {
    throw Failure(Exit::usage, "all looks are snapshots already, there is nothing to save",
                  "leave --save out");
  }
  const InspectOptions options{.names = true, .columns = kGenerations};
  const std::string save = std::exchange(context.options.save, {});
  std::vector<Inspection> looks;
  for (const Source& source : context.earlier) {
    looks.push_back(inspect_source(context, source, options));
  }
  context.options.save = save;
  looks.push_back(inspect_target(context, options));
  return looks;
}

void require_order(const Context& context, const std::vector<Inspection>& looks) {
  for (std::size_t i = 1; i < looks.size(); ++i) {
    require_same_process(looks[i - 1].process, looks[i].process);
    if (looks[i - 1].acquisition.taken_at <= looks[i].acquisition.taken_at) continue;
    const std::string earlier = context.earlier[i - 1].word();
    const std::string later =
        i < context.earlier.size() ? context.earlier[i].word() : context.source.word();
    throw Failure(Exit::usage, earlier + " was taken after " + later,
                  "the older look first: heapglass diff " + later + ' ' + earlier);
  }
}

void select_types(const Context& context, By by, Difference& difference) {
  const std::string& pattern = context.options.type_pattern;
  if (pattern.empty()) return;
  if (by == By::module) {
    throw Failure(Exit::usage, "--type is for types and paths", "leave --type out");
  }
  std::erase_if(difference.rows,
                [&](const ChangeRow& row) { return !glob_match(pattern, row.name); });
  std::erase_if(difference.held,
                [&](const HeldRow& row) { return !glob_match(pattern, row.type); });
}

// What the numbers are of: whose looks, how far apart, what stays open.
std::string title(const std::vector<Inspection>& looks) {
  const auto between = [](const Inspection& a, const Inspection& b) {
    return human_age(Seconds(b.acquisition.taken_at - a.acquisition.taken_at).count());
  };
  std::string text = "process " + std::to_string(looks.back().target.pid) + ", " +
                     between(looks.front(), looks.back()) + " after " +
                     iso_utc(looks.front().acquisition.taken_at);
  if (looks.size() == 3) {
    text += "; NEW is what came in the first " + between(looks[0], looks[1]) + " and has stayed";
  }
  return text + '\n';
}

std::string open_line(const Difference& difference) {
  const ChangeRow& total = difference.total;
  std::string text;
  if (total.maybe != 0) {
    text += "not counted as new, but may be, at an address used again: " +
            count_of(total.maybe, "object") + '\n';
  }
  if (total.maybe_later != 0) {
    text += "counted as new, but may have come only lately, at an address used again: " +
            count_of(total.maybe_later, "object") + '\n';
  }
  return text;
}

std::string render(const Context& context, By by, const std::vector<Inspection>& looks,
                   const Difference& difference) {
  const std::size_t top = rows_to_show(context.options);
  const DifferenceBy rows = by == By::module ? DifferenceBy::module : DifferenceBy::type;
  switch (context.options.format) {
    case Format::csv:
      return by == By::path ? held_csv(difference, top) : changes_csv(difference, rows, top);
    case Format::table: {
      std::string text = title(looks);
      if (by != By::path) text += changes_table(difference, rows, top, context.terminal);
      if (by == By::path) text += held_table(difference, top, context.terminal);
      if (by == By::type && !difference.held.empty()) {
        constexpr std::size_t kFew = 5;
        text += "\n" + held_table(difference, std::min(top, kFew), context.terminal);
      }
      return text + open_line(difference);
    }
    case Format::json:
    case Format::dot:  // refused with its options
      break;
  }
  Json document = document_head("diff", looks.back());
  document["looks"] = looks.size();
  Json& before = document["earlier"] = Json::array();
  for (std::size_t i = 0; i + 1 < looks.size(); ++i) {
    before.push_back(acquisition_json(looks[i].acquisition));
  }
  document["seconds"] =
      Seconds(looks.back().acquisition.taken_at - looks.front().acquisition.taken_at).count();
  put_difference(document, difference, rows, top);
  return write_json(document);
}

Exit run(Context& context) {
  const By by = read_by(context);
  Output output(context.options.output, context.options.force, context.run);
  const std::vector<Inspection> looks = take_looks(context);
  require_order(context, looks);
  context.run.report("comparing", -1);
  const Look before = look_of(looks.front()), after = look_of(looks.back());
  require_memory(context.run,
                 memory_of_dominators(before.graph) + memory_of_dominators(after.graph) +
                     std::max(memory_of_paths(before.graph), memory_of_paths(after.graph)));
  const Look between = look_of(looks[looks.size() / 2]);
  Difference result = difference(before, after, looks.size() == 3 ? &between : nullptr,
                                 by == By::module ? DifferenceBy::module : DifferenceBy::type);
  select_types(context, by, result);
  context.progress.clear();
  output.write(render(context, by, looks, result));
  output.commit();
  for (const Inspection& look : looks) conclude(context, look);
  return Exit::done;
}

}  // namespace

Command diff_command() {
  return {
      .name = "diff",
      .summary = "what changed between two looks, or what came and stayed between three",
      .about =
          "What is new, what is gone, what became larger, by type, module or the path that\n"
          "holds it. Looks are snapshots; the last one may be the process itself. GREW is\n"
          "by how many objects there are more, NEW and GONE the turnover behind it, NEW\n"
          "RETAIN what would go with all that is new.\n"
          "With three looks NEW is what came between the first two and is still there at\n"
          "the third: what a service makes for a request is gone by then, what leaks has\n"
          "stayed.",
      .example =
          "  heapglass snapshot 1234 -o a.npz; sleep 60; heapglass diff a.npz 1234\n"
          "  heapglass diff a.npz b.npz c.npz --by path",
      .groups = kGeneral | kFormats | kTops | kTypes | kProcess | kReading,
      .takes = "A B [C]",
      .least_sources = 2,
      .most_sources = 3,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
