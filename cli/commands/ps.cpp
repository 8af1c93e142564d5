// heapglass ps: which processes here are CPython, and which of them can be read.
#include <algorithm>
#include <optional>

#include "cli/commands/commands.h"
#include "cli/output.h"
#include "cli/render/document.h"
#include "cli/render/interpreter.h"
#include "cli/render/numbers.h"
#include "cli/render/table.h"
#include "inspector/target/clonable.h"
#include "inspector/target/process.h"
#include "symbols/interpreter.h"
#include "symbols/layout.h"

namespace heapglass {
namespace {

struct Row {
  ProcessFacts facts;
  std::optional<Interpreter> interpreter;  // nullopt: Python by its name only, not ours to look at
  std::optional<Refusal> refusal;
  std::string short_reason;  // where there is a refusal
  bool clonable = false;     // as far as that can be told without a stop

  std::vector<std::string> modes() const {
    if (refusal) return {};
    return clonable ? std::vector<std::string>{"pause", "clone", "live"}
                    : std::vector<std::string>{"pause", "live"};
  }
};

// Of a process whose files may not be seen, the name is all that there is.
bool named_python(const ProcessFacts& facts) {
  const std::string program = facts.command.substr(0, facts.command.find(' '));
  return facts.exe.empty() && program.substr(program.rfind('/') + 1).starts_with("python");
}

std::string in_a_few_words(const ProcessFacts& facts) {
  if (facts.state == 'Z' || facts.state == 'X') return "no: ended";
  if (facts.tracer != 0) return "no: traced by " + std::to_string(facts.tracer);
  return "no: not permitted";
}

std::optional<Row> look_at(pid_t pid, const std::vector<std::string>& layouts) {
  const std::optional<ProcessFacts> facts = read_process(pid);
  if (!facts) return std::nullopt;
  Row row{*facts, recognise_interpreter(pid), std::nullopt, {}, false};
  if (!row.interpreter && !named_python(*facts)) return std::nullopt;
  row.refusal = why_not_readable(*facts);
  if (row.refusal) {
    row.short_reason = in_a_few_words(*facts);
    return row;
  }
  if (!row.interpreter) {
    row.refusal = Refusal{"the interpreter of process " + std::to_string(pid) + " was not found",
                          "heapglass doctor " + std::to_string(pid)};
    row.short_reason = "no: not recognised";
    return row;
  }
  const std::string layout = row.interpreter->layout_name();
  if (std::find(layouts.begin(), layouts.end(), layout) == layouts.end()) {
    row.refusal = Refusal{"this heapglass does not read Python " + layout,
                          "heapglass doctor " + std::to_string(pid)};
    row.short_reason = "no: " + layout + " is not read yet";
    return row;
  }
  row.clonable = !why_not_clonable(gather_clone_facts(*facts));
  return row;
}

std::vector<Row> look_around(const Run& run) {
  const std::vector<pid_t> pids = all_pids();
  std::vector<std::string> layouts = layout_names();
  std::erase_if(layouts, [](const std::string& name) { return !load_layout(name).exact; });
  std::vector<Row> rows;
  for (std::size_t i = 0; i < pids.size(); ++i) {
    if (run.stopping()) throw Interrupted{run.interrupted->load()};
    run.report("looking at processes", static_cast<double>(i) / static_cast<double>(pids.size()));
    if (auto row = look_at(pids[i], layouts)) rows.push_back(std::move(*row));
  }
  return rows;
}

std::string version(const Row& row) {
  return row.interpreter ? row.interpreter->version.text() : "?";
}

std::string build(const Row& row, std::string_view between) {
  return row.interpreter ? joined(build_words(*row.interpreter), between) : "?";
}

std::string as_table(const std::vector<Row>& rows, std::size_t shown, const Terminal& terminal) {
  using Align = Column::Align;
  using Fit = Column::Fit;
  const bool inner = std::any_of(rows.begin(), rows.end(), [](const Row& row) {
    return row.facts.inner_pid != row.facts.pid;
  });
  Table table;
  table.columns.push_back({"PID", Align::right, Fit::whole});
  if (inner) table.columns.push_back({"INNER", Align::right, Fit::whole});
  table.columns.insert(table.columns.end(), {{"AGE", Align::right, Fit::whole},
                                             {"VERSION", Align::left, Fit::whole},
                                             {"BUILD", Align::left, Fit::whole},
                                             {"RSS", Align::right, Fit::whole},
                                             {"READ BY", Align::left, Fit::whole},
                                             {"COMMAND", Align::left, Fit::cut_end}});
  for (std::size_t i = 0; i < shown; ++i) {
    const Row& row = rows[i];
    std::vector<std::string>& cells = table.rows.emplace_back();
    cells.push_back(std::to_string(row.facts.pid));
    if (inner) cells.push_back(std::to_string(row.facts.inner_pid));
    cells.insert(cells.end(),
                 {human_age(row.facts.age_seconds), version(row), build(row, " "),
                  human_bytes(row.facts.rss),
                  row.refusal ? row.short_reason : joined(row.modes(), " "), row.facts.command});
  }
  std::string text = render_table(table, terminal);
  if (rows.empty()) text = "no CPython process is to be seen here\n";
  if (shown < rows.size()) text += "and " + thousands(rows.size() - shown) + " more\n";
  return text;
}

std::string as_json(const std::vector<Row>& rows, std::size_t shown) {
  Json processes = Json::array();
  for (std::size_t i = 0; i < shown; ++i) {
    const Row& row = rows[i];
    Json python = nullptr;
    Json build = Json::array();
    if (row.interpreter) {
      python = python_json(*row.interpreter);
      build = build_words(*row.interpreter);
    }
    Json refusal = nullptr;
    if (row.refusal) refusal = {{"cause", row.refusal->cause}, {"remedy", row.refusal->remedy}};
    processes.push_back({{"pid", row.facts.pid},
                         {"inner_pid", row.facts.inner_pid},
                         {"age_seconds", row.facts.age_seconds},
                         {"exe", row.facts.exe},
                         {"python", std::move(python)},
                         {"build", std::move(build)},
                         {"rss", row.facts.rss},
                         {"swap", row.facts.swap},
                         {"threads", row.facts.threads},
                         {"readable_by", row.modes()},
                         {"refusal", std::move(refusal)},
                         {"command", row.facts.command}});
  }
  Json document = document_head("ps", nullptr, nullptr);
  document["processes"] = std::move(processes);
  if (shown < rows.size()) document["processes_left_out"] = rows.size() - shown;
  return write_json(document);
}

std::string as_csv(const std::vector<Row>& rows, std::size_t shown) {
  std::string text = csv_line(
      {"pid", "inner_pid", "age_seconds", "version", "build", "rss", "readable_by", "command"});
  for (std::size_t i = 0; i < shown; ++i) {
    const Row& row = rows[i];
    text +=
        csv_line({std::to_string(row.facts.pid), std::to_string(row.facts.inner_pid),
                  std::to_string(static_cast<std::uint64_t>(row.facts.age_seconds)), version(row),
                  build(row, " "), std::to_string(row.facts.rss),
                  row.refusal ? row.short_reason : joined(row.modes(), " "), row.facts.command});
  }
  return text;
}

Exit run(Context& context) {
  Output output(context.options.output, context.options.force, context.run);
  const std::vector<Row> rows = look_around(context.run);
  context.progress.clear();
  // All of them: the process that is looked for must not be the one below the fold.
  const std::uint64_t top = context.options.top.value_or(0);
  const std::size_t shown = top == 0 ? rows.size() : std::min<std::size_t>(top, rows.size());
  switch (context.options.format) {
    case Format::table:
      output.write(as_table(rows, shown, context.terminal));
      break;
    case Format::dot:  // it has none
    case Format::json:
      output.write(as_json(rows, shown));
      break;
    case Format::csv:
      output.write(as_csv(rows, shown));
      break;
  }
  output.commit();
  return Exit::done;
}

}  // namespace

Command ps_command() {
  return {
      .name = "ps",
      .summary = "which processes here are CPython, and can be read",
      .about =
          "Which processes here are CPython: pid, age, version, build, resident memory, and\n"
          "by which mode each can be read, or why not. INNER is the pid inside its\n"
          "container.",
      .example =
          "  heapglass ps\n"
          "  heapglass ps --json | jq '.processes[] | select(.rss > 1e9) | .pid'",
      .groups = kGeneral | kFormats | kTops,
      .add_options = nullptr,
      .run = run,
  };
}

}  // namespace heapglass
