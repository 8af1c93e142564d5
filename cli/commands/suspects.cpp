// heapglass suspects PID: which objects pile up, how much they keep alive, and what holds them.
#include "cli/render/suspects.h"

#include <algorithm>
#include <boost/program_options/value_semantic.hpp>
#include <optional>

#include "cli/commands/children.h"
#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/output.h"
#include "cli/render/family.h"
#include "inspector/analysis/growth.h"
#include "inspector/memory_budget.h"
#include "inspector/snapshot/snapshot.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;
using Seconds = std::chrono::duration<double>;

void add_own_options(po::options_description& options) {
  options.add_options()("against", po::value<std::string>()->value_name("FILE"),
                        "Tell what grew since this snapshot was taken of the same process.");
}

constexpr InspectOptions kWhole{.names = true, .columns = kDescriptors | kFutures | kCaches};

struct Looks {
  std::optional<Inspection> before;
  Inspection now;
};

Looks take_looks(Context& context) {
  Looks looks;
  if (context.own.count("against") != 0) {
    if (context.options.over) {
      throw Failure(Exit::usage, "--over and --against are two ways to look twice",
                    "give one of them");
    }
    looks.before = read_snapshot(context.own["against"].as<std::string>(), context.run);
  } else if (context.options.over) {
    looks.before = first_look(context, kWhole);
    wait_for_second_look(context);
  }
  looks.now = inspect_target(context, kWhole);
  return looks;
}

Suspicion answer(const Context& context, const Looks& looks) {
  const HeapGraph& now = looks.now.graph;
  require_memory(context.run, memory_of_dominators(now) + memory_of_paths(now));
  if (looks.before) {
    require_same_process(looks.before->process, looks.now.process);
    const auto between = looks.now.acquisition.taken_at - looks.before->acquisition.taken_at;
    return find_growth(looks.before->graph, looks.now.graph, Seconds(between).count());
  }
  const auto& collectors = looks.now.collectors;
  const bool enabled = std::all_of(collectors.begin(), collectors.end(),
                                   [](const CollectorState& state) { return state.enabled; });
  return find_suspects({looks.now.graph, looks.now.columns, looks.now.weak_entries, enabled,
                        looks.now.target.free_threaded});
}

// Of several processes: those of one kind, type and path together.
Suspicion sum_of(const std::vector<Suspicion>& each) {
  Suspicion sum;
  std::size_t with = 0;
  for (const Suspicion& one : each) {
    with += one.suspects.empty() ? 0 : 1;
    for (const Suspect& suspect : one.suspects) {
      const auto known =
          std::find_if(sum.suspects.begin(), sum.suspects.end(), [&](const Suspect& other) {
            return other.kind == suspect.kind && other.type == suspect.type &&
                   other.path == suspect.path;
          });
      Suspect& to = known != sum.suspects.end() ? *known : sum.suspects.emplace_back(suspect);
      const double share = suspect.share / static_cast<double>(each.size());
      if (known == sum.suspects.end()) {
        to.share = share;
        continue;
      }
      to.count += suspect.count;
      to.bytes += suspect.bytes;
      to.retained += suspect.retained;
      to.share += share;
    }
  }
  std::stable_sort(sum.suspects.begin(), sum.suspects.end(),
                   [](const Suspect& a, const Suspect& b) { return a.retained > b.retained; });
  sum.verdict =
      std::to_string(with) + " of " + std::to_string(each.size()) + " processes have suspects";
  return sum;
}

constexpr std::size_t kFew = 10;

std::size_t suspects_to_show(const Context& context) {
  const bool all = context.options.format == Format::json || context.options.top;
  return all ? rows_to_show(context.options) : kFew;
}

Exit run_family(Context& context) {
  if (context.options.over || context.own.count("against") != 0 || !context.options.save.empty()) {
    throw Failure(Exit::usage, "--children is for one look, and keeps none",
                  "leave --over, --against and --save out");
  }
  Output output(context.options.output, context.options.force, context.run);
  const std::size_t top = suspects_to_show(context);
  Json document = {{"schema", "heapglass.suspects/1"}, {"processes", Json::array()}};
  std::string text;
  std::vector<Suspicion> each;
  const auto invalid = inspect_family(context, kWhole, [&](Inspection&& inspection) {
    const Looks looks{std::nullopt, std::move(inspection)};
    each.push_back(answer(context, looks));
    text += family_title(looks.now, context.terminal) +
            suspects_text(each.back(), top, context.terminal) + '\n';
    Json one = document_head("suspects", looks.now);
    one["looks"] = 1;
    put_suspects(one, each.back(), top);
    document["processes"].push_back(std::move(one));
  });
  const Suspicion sum = sum_of(each);
  if (context.options.format == Format::json) {
    put_suspects(document["sum"], sum, top);
    document["sum"]["note"] = kSharedNote;
    output.write(write_json(document));
  } else {
    output.write(text + context.terminal.bold("all together") + '\n' +
                 suspects_text(sum, top, context.terminal) + '\n' + std::string(kSharedNote) +
                 '\n');
  }
  output.commit();
  if (invalid) throw Failure(*invalid);
  return Exit::done;
}

Exit run(Context& context) {
  refuse_csv(context);
  if (context.options.children) return run_family(context);
  Output output(context.options.output, context.options.force, context.run);
  const Looks looks = take_looks(context);
  context.run.report("looking for suspects", -1);
  const Suspicion suspicion = answer(context, looks);
  context.progress.clear();
  const std::size_t top = suspects_to_show(context);
  if (context.options.format == Format::json) {
    Json document = document_head("suspects", looks.now);
    document["looks"] = looks.before ? 2 : 1;
    put_suspects(document, suspicion, top);
    output.write(write_json(document));
  } else {
    output.write(suspects_text(suspicion, top, context.terminal));
  }
  output.commit();
  conclude(context, looks.now);
  return Exit::done;
}

}  // namespace

Command suspects_command() {
  return {
      .name = "suspects",
      .summary = "the leak report: what piles up, how much it keeps alive, what holds it",
      .about =
          "Where is the leak? One look says what holds much that a program rarely means to\n"
          "hold: containers and caches with very many of its own objects, finished tasks,\n"
          "exceptions with their frames, what threads keep, garbage that nobody collects,\n"
          "references that native code lost. Two looks (--over, --against) say what grows,\n"
          "and that is proof. Each with how many, how much they keep alive, and the path\n"
          "from a root that holds them. On a healthy heap it says that nothing stands out.",
      .example =
          "  heapglass suspects 1234\n"
          "  heapglass suspects 1234 --over 60s\n"
          "  heapglass snapshot 1234 -o before.npz; sleep 3600\n"
          "  heapglass suspects 1234 --against before.npz",
      .groups = kGeneral | kFormats | kTops | kProcess | kReading | kOver | kChildren,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
