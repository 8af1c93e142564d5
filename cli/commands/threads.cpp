// heapglass threads PID: what runs, what waits, and what each of them keeps alive.
#include "cli/render/threads.h"

#include <algorithm>
#include <boost/program_options/value_semantic.hpp>

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "inspector/memory_budget.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;

void add_own_options(po::options_description& options) {
  options.add_options()("tree", po::bool_switch(),
                        "asyncio's tasks by who awaits whom, in place of threads and places.");
}

void write(Context& context, const Inspection& inspection, Output& output) {
  const HeapGraph& graph = inspection.graph;
  const std::vector<ThreadCalls> threads = thread_calls(graph);
  const std::vector<Task> tasks = find_tasks(graph, inspection.columns);
  const bool any_finished = std::any_of(tasks.begin(), tasks.end(), [](const Task& task) {
    return task.state != FutureState::pending;
  });
  // One tree is kept while the other one is made.
  require_memory(context.run,
                 2 * memory_of_dominators(graph) + (any_finished ? memory_of_paths(graph) : 0));
  const FrameTree frames(graph, threads);
  const Dominators tree = dominators(graph);
  const ShortestPaths paths = any_finished ? shortest_paths(graph) : ShortestPaths{};
  const ThreadsView view{graph, inspection.columns, threads, frames, tasks, tree,
                         paths, context.terminal};
  const std::size_t top = rows_to_show(context.options);
  if (context.options.format == Format::json) {
    JsonStream document(document_head("threads", inspection),
                        [&](std::string_view text) { output.write(text); });
    write_threads(document, view, top);
    document.finish();
  } else if (context.own["tree"].as<bool>()) {
    output.write(task_tree_text(view, top));
  } else {
    output.write(threads_text(view, top));
  }
}

Exit run(Context& context) {
  refuse_csv(context);
  if (context.options.format == Format::json && context.own["tree"].as<bool>()) {
    throw Failure(Exit::usage, "--tree is a drawing; its edges are in the JSON without it",
                  "leave --tree out: each task's `waits_for`");
  }
  return answer(
      context, {.names = true, .columns = kLines | kFutures},
      [&](const Inspection& inspection, Output& output) { write(context, inspection, output); });
}

}  // namespace

Command threads_command() {
  return {
      .name = "threads",
      .summary = "threads with frames and locals, asyncio's tasks, and what each keeps alive",
      .about =
          "What is running, what is waiting, and what does it keep alive? Each thread with\n"
          "its frames, innermost first: what would go with the frame, and those locals that\n"
          "retain most. Then asyncio's tasks, those at the same place together: the\n"
          "coroutines down to what they await, and finished tasks that are still referred\n"
          "to, with what holds them. --tree shows which task waits for which. JSON has all\n"
          "frames, all locals and each task.",
      .example =
          "  heapglass threads 1234\n"
          "  heapglass threads 1234 --tree",
      .groups = kGeneral | kFormats | kTops | kProcess | kReading,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
