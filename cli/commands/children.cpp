#include "cli/commands/children.h"

#include <iostream>

#include "cli/commands/inspection.h"
#include "cli/render/acquisition_line.h"
#include "cli/render/escape.h"
#include "inspector/target/descendants.h"

namespace heapglass {

namespace {

bool can_be_left_out(Exit exit) { return exit == Exit::not_cpython || exit == Exit::target_gone; }

}  // namespace

std::optional<Failure> inspect_family(Context& context, const InspectOptions& options,
                                      const std::function<void(Inspection&&)>& take) {
  if (context.source.pid == 0) {
    throw Failure(Exit::usage, "a snapshot is of one process, and has no children",
                  "leave --children out");
  }
  std::vector<pid_t> family = descendants(context.source.pid);
  family.insert(family.begin(), context.source.pid);
  const auto say = [&](pid_t pid, const std::string& what) {
    if (context.options.quiet) return;
    std::cerr << "process " << pid << ": " << escape_terminal(what) << '\n';
  };
  std::optional<Failure> left_out, invalid;
  std::size_t taken = 0;
  for (const pid_t pid : family) {
    try {
      Inspection inspection = inspect_source(context, Source{.pid = pid}, options);
      say(pid, acquisition_line(inspection.acquisition, context.options.verbose));
      if (const auto what = too_much_invalid(inspection.acquisition, inspection.graph.size())) {
        invalid.emplace(Exit::incomplete, "process " + std::to_string(pid) + ": " + *what,
                        "run it once more");
      }
      take(std::move(inspection));
      ++taken;
    } catch (const Failure& failure) {
      if (!can_be_left_out(failure.exit())) throw;
      if (!left_out) left_out = failure;
      say(pid, std::string("left out: ") + failure.what());
    }
  }
  if (taken == 0) throw Failure(*left_out);
  return invalid;
}

std::string family_title(const Inspection& inspection, const Terminal& terminal) {
  constexpr std::size_t kCommand = 80;
  return terminal.bold("process " + std::to_string(inspection.target.pid)) + "  " +
         terminal.dim(
             cut_end(escape_terminal(inspection.process.command), kCommand, terminal.ellipsis())) +
         '\n';
}

}  // namespace heapglass
