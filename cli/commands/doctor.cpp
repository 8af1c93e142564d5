// heapglass doctor PID: can this process be read; if not, the one cause and the one remedy.
#include <array>
#include <map>

#include "cli/commands/commands.h"
#include "cli/output.h"
#include "cli/render/document.h"
#include "cli/render/escape.h"
#include "cli/render/interpreter.h"
#include "cli/render/numbers.h"
#include "cli/render/table.h"
#include "inspector/inspect.h"

namespace heapglass {
namespace {

constexpr auto kFacts = static_cast<std::size_t>(Fact::count);

std::string_view source_name(FactSource source) {
  switch (source) {
    case FactSource::absent:
      return "absent";
    case FactSource::file:
      return "layout file";
    case FactSource::debug_offsets:
      return "debug offsets";
    case FactSource::dwarf:
      return "DWARF";
    case FactSource::probe:
      return "probe";
  }
  return "?";
}

// How many facts came from where.
std::array<std::size_t, 5> count_sources(const Layout& layout) {
  std::array<std::size_t, 5> counts{};
  for (std::size_t i = 0; i < kFacts; ++i) {
    ++counts[static_cast<std::size_t>(layout.source(static_cast<Fact>(i)))];
  }
  return counts;
}

std::string sources_text(const Layout& layout) {
  const auto counts = count_sources(layout);
  std::string text = "facts: ";
  bool first = true;
  for (const auto source : {FactSource::file, FactSource::debug_offsets, FactSource::dwarf,
                            FactSource::probe, FactSource::absent}) {
    const std::size_t n = counts[static_cast<std::size_t>(source)];
    if (n == 0) continue;
    text +=
        (first ? "" : ", ") + thousands(n) +
        (source == FactSource::absent ? " absent" : " from " + std::string(source_name(source)));
    first = false;
  }
  return text;
}

std::string verdict(pid_t pid, const Diagnosis& diagnosis, const Terminal& terminal) {
  const std::string process = "process " + std::to_string(pid);
  if (!diagnosis.trouble) return terminal.bold(process + " can be read") + '\n';
  std::string text = terminal.bold("cannot be read: " + escape_terminal(diagnosis.trouble->cause));
  if (!diagnosis.trouble->remedy.empty()) {
    text += "\n  try: " + escape_terminal(diagnosis.trouble->remedy);
  }
  return text + '\n';
}

void describe_process(Table& table, const ProcessFacts& facts) {
  table.rows.push_back({"command", facts.command});
  table.rows.push_back({"process", "running for " + human_age(facts.age_seconds) + ", " +
                                       count_of(facts.threads, "thread") + ", RSS " +
                                       human_bytes(facts.rss)});
}

void describe_interpreter(Table& table, const Interpreter& interpreter, bool verbose) {
  table.rows.push_back({"python", "CPython " + interpreter.version.text() + ", " +
                                      joined(build_words(interpreter), ", ")});
  table.rows.push_back({"", interpreter.path});
  if (!verbose) return;
  table.rows.push_back({"", "version known from " + interpreter.version_source});
  if (!interpreter.build_id.empty()) table.rows.push_back({"", "build id " + interpreter.build_id});
}

void describe_memory(Table& table, const Diagnosis& diagnosis) {
  if (diagnosis.memory_free != 0) {
    table.rows.push_back({"memory", human_bytes(diagnosis.memory_free) + " free for heapglass"});
  }
  for (const Diagnosis::Estimate& estimate : diagnosis.estimates) {
    std::string text = estimate.mode == "live"
                           ? std::string("does not stop it: counts of types only, approximate")
                           : "stops it for about " + human_ms(estimate.pause_ms);
    if (estimate.mode == "pause") {
      text += ", copies " + human_bytes(estimate.bytes_to_copy) + ", needs " +
              human_bytes(estimate.memory_needed);
    }
    if (!estimate.why_not.empty()) text += "; not here: " + estimate.why_not;
    table.rows.push_back({estimate.mode, text});
  }
}

std::string fact_table(const Layout& layout, const Terminal& terminal) {
  Table table;
  table.columns = {{"FACT", Column::Align::left, Column::Fit::whole},
                   {"VALUE", Column::Align::right, Column::Fit::whole},
                   {"SOURCE", Column::Align::left, Column::Fit::whole}};
  for (std::size_t i = 0; i < kFacts; ++i) {
    const auto fact = static_cast<Fact>(i);
    table.rows.push_back({std::string(fact_name(fact)),
                          layout.has(fact) ? std::to_string(layout[fact]) : "-",
                          std::string(source_name(layout.source(fact)))});
  }
  return render_table(table, terminal);
}

std::string as_text(pid_t pid, const Diagnosis& diagnosis, bool verbose, const Terminal& terminal) {
  Table table;
  table.columns = {{"", Column::Align::left, Column::Fit::whole},
                   {"", Column::Align::left, Column::Fit::cut_end}};
  if (diagnosis.process) describe_process(table, *diagnosis.process);
  if (diagnosis.interpreter) describe_interpreter(table, *diagnosis.interpreter, verbose);
  if (diagnosis.layout) {
    table.rows.push_back(
        {"layout", diagnosis.layout->name + ", extracted from " + diagnosis.layout->origin});
    table.rows.push_back({"", sources_text(*diagnosis.layout)});
  }
  for (const Diagnosis::Check& check : diagnosis.checks) {
    std::string outcome = (check.passed ? "ok      " : "FAILED  ") + check.name;
    if (!check.detail.empty() && (verbose || !check.passed)) outcome += ": " + check.detail;
    table.rows.push_back({&check == &diagnosis.checks.front() ? "checks" : "", outcome});
  }
  describe_memory(table, diagnosis);
  constexpr std::size_t kIndent = 2;
  std::string text = verdict(pid, diagnosis, terminal);
  if (!table.rows.empty()) text += '\n' + render_table(table, terminal, kIndent);
  if (verbose && diagnosis.layout) text += '\n' + fact_table(*diagnosis.layout, terminal);
  return text;
}

Json layout_json(const Layout& layout, bool verbose) {
  const auto counts = count_sources(layout);
  Json sources = Json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sources[std::string(source_name(static_cast<FactSource>(i)))] = counts[i];
  }
  Json result = {{"name", layout.name}, {"origin", layout.origin}, {"sources", sources}};
  if (!verbose) return result;
  Json facts = Json::array();
  for (std::size_t i = 0; i < kFacts; ++i) {
    const auto fact = static_cast<Fact>(i);
    facts.push_back({{"fact", fact_name(fact)},
                     {"value", layout.has(fact) ? Json(layout[fact]) : Json(nullptr)},
                     {"source", source_name(layout.source(fact))}});
  }
  result["facts"] = std::move(facts);
  return result;
}

std::string as_json(pid_t pid, const Diagnosis& diagnosis, bool verbose) {
  Json target = {{"pid", pid},
                 {"exe", diagnosis.process ? Json(diagnosis.process->exe) : Json(nullptr)},
                 {"python", nullptr}};
  if (diagnosis.interpreter) target["python"] = python_json(*diagnosis.interpreter);
  Json document = document_head("doctor", std::move(target), nullptr);
  document["readable"] = !diagnosis.trouble.has_value();
  document["trouble"] = nullptr;
  if (diagnosis.trouble) {
    document["trouble"] = {{"exit", static_cast<int>(diagnosis.trouble->exit)},
                           {"cause", diagnosis.trouble->cause},
                           {"remedy", diagnosis.trouble->remedy}};
  }
  document["interpreter"] = nullptr;
  if (const auto& interpreter = diagnosis.interpreter) {
    document["interpreter"] = {{"path", interpreter->path},
                               {"build", build_words(*interpreter)},
                               {"build_id", interpreter->build_id},
                               {"version_source", interpreter->version_source}};
  }
  document["layout"] = diagnosis.layout ? layout_json(*diagnosis.layout, verbose) : Json(nullptr);
  document["checks"] = Json::array();
  for (const Diagnosis::Check& check : diagnosis.checks) {
    document["checks"].push_back(
        {{"name", check.name}, {"passed", check.passed}, {"detail", check.detail}});
  }
  document["memory_free"] = diagnosis.memory_free;
  document["estimates"] = Json::array();
  for (const Diagnosis::Estimate& estimate : diagnosis.estimates) {
    document["estimates"].push_back(
        {{"mode", estimate.mode},
         {"pause_ms", estimate.pause_ms},
         {"bytes_to_copy", estimate.bytes_to_copy},
         {"memory_needed", estimate.memory_needed},
         {"why_not", estimate.why_not.empty() ? Json(nullptr) : Json(estimate.why_not)}});
  }
  return write_json(document);
}

Exit run(Context& context) {
  const bool verbose = context.options.verbose;
  refuse_csv(context);
  if (context.source.pid == 0) {
    throw Failure(Exit::usage, "doctor looks at processes; a file needs no permission",
                  "heapglass " + context.source.file);
  }
  Output output(context.options.output, context.options.force, context.run);
  const Diagnosis diagnosis = diagnose(context.source.pid, context.run);
  context.progress.clear();
  output.write(context.options.format == Format::json
                   ? as_json(context.source.pid, diagnosis, verbose)
                   : as_text(context.source.pid, diagnosis, verbose, context.terminal));
  output.commit();
  return diagnosis.trouble ? diagnosis.trouble->exit : Exit::done;
}

}  // namespace

Command doctor_command() {
  return {
      .name = "doctor",
      .summary = "can this process be read; if not, why, and what to do",
      .about =
          "Can this process be read? If not, the one cause and the one remedy, and the exit\n"
          "code that other commands would end with. Then version, build and layout, the\n"
          "checks that the layout passed, free memory, and the estimated stop. The process\n"
          "is not stopped.",
      .example =
          "  heapglass doctor 1234\n"
          "  heapglass doctor 1234 -v    # every layout fact, and where it came from",
      .groups = kGeneral | kFormats | kProcess | kReading | kNoSave,
      .add_options = nullptr,
      .run = run,
  };
}

}  // namespace heapglass
