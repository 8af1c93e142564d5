// heapglass check PID --max-count 'app.Session=10000' …: assertions for scripts, CI and cron.
#include "cli/render/check.h"

#include <algorithm>
#include <boost/program_options/value_semantic.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "cli/commands/children.h"
#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/output.h"
#include "cli/render/acquisition_line.h"
#include "cli/units.h"
#include "inspector/memory_budget.h"
#include "inspector/snapshot/snapshot.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;
using Words = std::vector<std::string>;

void add_own_options(po::options_description& options) {
  auto add = options.add_options();
  const auto limits = [](const char* name) { return po::value<Words>()->value_name(name); };
  add("max-count", limits("TYPE=N"),
      "Of all types that match the glob at most N objects together.");
  add("max-bytes", limits("TYPE=SIZE"), "Or at most so many bytes, as sys.getsizeof has them.");
  add("max-retained", limits("TYPE=SIZE"),
      "Or at most so many bytes that would go with them all: 'app.*=500M'.");
  add("max-growth", limits("TYPE=PERCENT"),
      "At most so many percent more objects than in the snapshot of --against.");
  add("against", po::value<std::string>()->value_name("FILE"),
      "The earlier snapshot of the same process, for --max-growth.");
  add("no-garbage-cycles", po::bool_switch(), "No garbage waits for the collector.");
  add("rules", po::value<std::string>()->value_name("FILE"),
      "More of these from a JSON file: {\"max_count\": {\"app.Session\": 10000}, "
      "\"max_retained\": {\"app.*\": \"500M\"}, \"no_garbage_cycles\": true}.");
}

std::optional<double> parse_limit(Limit limit, const std::string& text) {
  const auto number = [](const auto& value) {
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
  };
  switch (limit) {
    case Limit::count:
      return number(parse_count(text));
    case Limit::bytes:
    case Limit::retained:
      return text == "0" ? std::optional(0.0) : number(parse_size(text));
    case Limit::growth:
      return parse_percent(text);
    case Limit::garbage:
      break;
  }
  return std::nullopt;
}

struct Option {
  Limit limit;
  const char* name;
  const char* example;
};
constexpr Option kLimits[] = {{Limit::count, "max-count", "'app.Session=10000'"},
                              {Limit::bytes, "max-bytes", "'app.*=500M'"},
                              {Limit::retained, "max-retained", "'app.*=500M'"},
                              {Limit::growth, "max-growth", "'app.*=10%'"}};

Check check_of(const Option& option, const std::string& types, const std::string& most,
               const std::string& given) {
  const auto limit = parse_limit(option.limit, most);
  if (types.empty() || !limit) {
    throw Failure(Exit::usage, "'" + given + "' is no value for --" + option.name,
                  "--" + std::string(option.name) + ' ' + option.example);
  }
  return {option.limit, types, *limit};
}

void add_given(const Context& context, std::vector<Check>& checks) {
  for (const Option& option : kLimits) {
    if (context.own.count(option.name) == 0) continue;
    for (const std::string& given : context.own[option.name].as<Words>()) {
      const std::size_t at = given.rfind('=');
      const bool split = at != std::string::npos;
      checks.push_back(check_of(option, split ? given.substr(0, at) : std::string(),
                                split ? given.substr(at + 1) : std::string(), given));
    }
  }
  if (context.own["no-garbage-cycles"].as<bool>()) checks.push_back({Limit::garbage, {}, 0});
}

[[noreturn]] void bad_rules(const std::string& file, const std::string& what) {
  throw Failure(
      Exit::usage, file + ": " + what,
      R"(write it like {"max_count": {"app.Session": 10000}, "no_garbage_cycles": true})");
}

void add_rule(const std::string& file, const std::string& name, const Json& value,
              std::vector<Check>& checks) {
  if (name == limit_name(Limit::garbage)) {
    if (!value.is_boolean()) bad_rules(file, name + " is true or false");
    if (value.get<bool>()) checks.push_back({Limit::garbage, {}, 0});
    return;
  }
  for (const Option& option : kLimits) {
    if (name != limit_name(option.limit)) continue;
    if (!value.is_object()) bad_rules(file, name + " is no object of types and limits");
    for (const auto& [types, limit] : value.items()) {
      const std::string most = limit.is_string() ? limit.get<std::string>() : limit.dump();
      checks.push_back(check_of(option, types, most, types + '=' + most));
    }
    return;
  }
  bad_rules(file, "there is no check '" + name + "'");
}

void add_rules(const std::string& file, std::vector<Check>& checks) {
  std::ifstream stream(file);
  if (!stream) {
    throw Failure(Exit::usage, "cannot open " + file + ": " + std::strerror(errno),
                  "--rules FILE, of what is to be checked as JSON");
  }
  const Json rules = Json::parse(stream, nullptr, false);
  if (!rules.is_object()) bad_rules(file, "it is no JSON object");
  for (const auto& [name, value] : rules.items()) add_rule(file, name, value, checks);
}

std::vector<Check> read_checks(const Context& context) {
  std::vector<Check> checks;
  add_given(context, checks);
  if (context.own.count("rules") != 0) add_rules(context.own["rules"].as<std::string>(), checks);
  if (checks.empty()) {
    throw Failure(Exit::usage, "there is nothing to check",
                  call_with_source(context, "check") + " --max-count 'app.Session=10000'");
  }
  const bool against = context.own.count("against") != 0;
  for (const Check& check : checks) {
    if (check.limit != Limit::growth || against) continue;
    throw Failure(Exit::usage, "growth since when? --max-growth needs --against",
                  "--against EARLIER.npz");
  }
  return checks;
}

// What is not there may be what would have failed.
void require_whole(const Context& context, const Inspection& inspection) {
  if (const auto failure = why_incomplete(context, inspection)) {
    throw Failure(failure->exit(), std::string(failure->what()) + ": nothing was judged",
                  failure->remedy());
  }
  if (inspection.acquisition.approximate) {
    throw Failure(Exit::incomplete, "this look is approximate: nothing was judged",
                  "stop the process for it: --pause");
  }
}

Checked judge(const Context& context, const Inspection& inspection, const HeapGraph* before,
              const std::vector<Check>& checks) {
  const HeapGraph& graph = inspection.graph;
  const bool retained = std::any_of(checks.begin(), checks.end(), [](const Check& check) {
    return check.limit == Limit::retained;
  });
  require_memory(context.run,
                 memory_of_paths(graph) + (retained ? memory_of_dominators(graph) : 0));
  return run_checks({graph, inspection.weak_entries, before, inspection.target.free_threaded},
                    checks);
}

Exit run_family(Context& context, const std::vector<Check>& checks) {
  if (context.own.count("against") != 0 || !context.options.save.empty()) {
    throw Failure(Exit::usage, "--children is for one look, and keeps none",
                  "leave --against and --save out");
  }
  Output output(context.options.output, context.options.force, context.run);
  Json document = {{"schema", "heapglass.check/1"}, {"processes", Json::array()}};
  std::string text;
  std::size_t failed = 0, passed = 0;
  inspect_family(context, {.names = true}, [&](const Inspection& inspection) {
    require_whole(context, inspection);
    const Checked checked = judge(context, inspection, nullptr, checks);
    failed += checked.failed.size();
    passed += checked.passed;
    text += family_title(inspection, context.terminal) + checks_text(checked, context.terminal);
    Json one = document_head("check", inspection);
    put_checks(one, checked);
    document["processes"].push_back(std::move(one));
  });
  document["sum"] = {{"failed", failed}, {"passed", passed}};
  output.write(context.options.format == Format::json ? write_json(document) : text);
  output.commit();
  return failed == 0 ? Exit::done : Exit::check_failed;
}

Exit run(Context& context) {
  refuse_csv(context);
  const std::vector<Check> checks = read_checks(context);
  if (context.options.children) return run_family(context, checks);
  Output output(context.options.output, context.options.force, context.run);
  std::optional<Inspection> before;
  if (context.own.count("against") != 0) {
    before = read_snapshot(context.own["against"].as<std::string>(), context.run);
    require_whole(context, *before);
  }
  const Inspection inspection = inspect_target(context, {.names = true});
  require_whole(context, inspection);
  if (before) require_same_process(before->process, inspection.process);
  context.run.report("checking", -1);
  const Checked checked = judge(context, inspection, before ? &before->graph : nullptr, checks);
  context.progress.clear();
  if (context.options.format == Format::json) {
    Json document = document_head("check", inspection);
    put_checks(document, checked);
    output.write(write_json(document));
  } else {
    output.write(checks_text(checked, context.terminal));
  }
  output.commit();
  conclude(context, inspection);
  return checked.failed.empty() ? Exit::done : Exit::check_failed;
}

}  // namespace

Command check_command() {
  return {
      .name = "check",
      .summary = "assertions for scripts and CI: exits 1 where one fails",
      .about =
          "Is it as it should be? Limits on objects, bytes, retained bytes and growth of\n"
          "types, and that no garbage waits. What fails is told with the path that holds\n"
          "it, and the exit code is 1; it is 6, and nothing is judged, where the heap could\n"
          "not be read completely. Each option may be given several times.",
      .example =
          "  heapglass check 1234 --max-count 'app.Session=10000' --max-retained 'app.*=500M'\n"
          "  heapglass check 1234 --max-growth 'app.*=10%' --against yesterday.npz\n"
          "  heapglass check 1234 --rules heap-rules.json --quiet",
      .groups = kGeneral | kFormats | kProcess | kReading | kChildren,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
