// heapglass suspects PID: which objects pile up, how much they keep alive, and what holds them.
#include "cli/render/suspects.h"

#include <boost/program_options/value_semantic.hpp>
#include <thread>

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/output.h"
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

void wait(Context& context, std::chrono::nanoseconds duration) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + duration;
  for (auto left = end - Clock::now(); left > left.zero(); left = end - Clock::now()) {
    if (context.run.stopping()) throw Interrupted{context.run.interrupted->load()};
    context.run.report("waiting for the second look",
                       1 - Seconds(left).count() / Seconds(duration).count());
    constexpr std::chrono::milliseconds kTick{50};
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, kTick));
  }
}

struct Looks {
  std::optional<Inspection> before;
  Inspection now;
};

Inspection look(Context& context) {
  return inspect_target(context, {.names = true, .columns = kDescriptors | kFutures | kCaches});
}

Looks take_looks(Context& context) {
  Looks looks;
  if (context.own.count("against") != 0) {
    if (context.options.over) {
      throw Failure(Exit::usage, "--over and --against are two ways to look twice",
                    "give one of them");
    }
    looks.before = read_snapshot(context.own["against"].as<std::string>(), context.run);
  } else if (context.options.over) {
    if (context.source.pid == 0) {
      throw Failure(Exit::usage, "a snapshot does not change, so there is no second look at it",
                    "heapglass suspects " + context.source.file + " --against OLDER.npz");
    }
    const std::string save = std::exchange(context.options.save, {});  // the last look is kept
    looks.before = look(context);
    context.options.save = save;
    wait(context, *context.options.over);
  }
  looks.now = look(context);
  return looks;
}

// Looks at two processes have nothing in common.
void require_same_process(const Context& context, const Looks& looks) {
  const ProcessFacts &a = looks.before->process, &b = looks.now.process;
  if (a.pid == b.pid && a.start_ticks == b.start_ticks) return;
  throw Failure(
      Exit::usage,
      "the snapshot is of another process (" + std::to_string(a.pid) + ", " + a.command + ")",
      call_with_source(context, "snapshot") + " -o FILE, and later --against FILE");
}

Suspicion answer(const Context& context, const Looks& looks) {
  const HeapGraph& now = looks.now.graph;
  require_memory(context.run, memory_of_dominators(now) + memory_of_paths(now));
  if (looks.before) {
    require_same_process(context, looks);
    const auto between = looks.now.acquisition.taken_at - looks.before->acquisition.taken_at;
    return find_growth(looks.before->graph, looks.now.graph, Seconds(between).count());
  }
  const auto& collectors = looks.now.collectors;
  const bool enabled = std::all_of(collectors.begin(), collectors.end(),
                                   [](const CollectorState& state) { return state.enabled; });
  return find_suspects({looks.now.graph, looks.now.columns, looks.now.weak_entries, enabled});
}

Exit run(Context& context) {
  refuse_csv(context);
  Output output(context.options.output, context.options.force, context.run);
  const Looks looks = take_looks(context);
  context.run.report("looking for suspects", -1);
  const Suspicion suspicion = answer(context, looks);
  context.progress.clear();
  constexpr std::size_t kFew = 10;
  const bool json = context.options.format == Format::json;
  const std::size_t top = json || context.options.top ? rows_to_show(context.options) : kFew;
  if (json) {
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
      .groups = kGeneral | kFormats | kTops | kProcess | kReading | kOver,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
