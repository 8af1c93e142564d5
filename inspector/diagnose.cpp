// What `doctor` shows: the same steps as an inspection takes up to the stop, but what goes wrong is
// written down instead of thrown.
#include <algorithm>

#include "inspector/inspect.h"
#include "inspector/open_target.h"
#include "inspector/target/copy.h"
#include "inspector/target/page_choice.h"
#include "inspector/target/self.h"

namespace heapglass {

Diagnosis diagnose(pid_t pid, const Run& run) {
  Diagnosis result;
  result.memory_free = free_memory_here();
  result.process = read_process(pid);
  try {
    const Process process = Process::open(pid);
    const std::vector<Mapping> maps = read_maps(pid);
    FirstLook look = look_first(pid, maps);
    if (const auto refusal = unproven(look.python.layout)) {
      result.trouble = {refusal->exit(), refusal->what(), refusal->remedy()};
    }
    for (LayoutCheck& check : look.checks) {
      if (!check.passed && !result.trouble) {
        result.trouble = {Exit::not_cpython,
                          "layout " + look.python.layout.name +
                              " cannot be trusted: " + check.name + ": " + check.detail,
                          "report the output of: heapglass doctor -v " + std::to_string(pid)};
      }
      result.checks.push_back({std::move(check.name), check.passed, std::move(check.detail)});
    }
    result.interpreter = std::move(look.python.interpreter);
    result.layout = std::move(look.python.layout);
    // The worst case: the choice of pages would leave out what no object uses.
    const PageChoice choice = all_pages(pid, maps);
    const auto pause = estimate_pause(pid, choice, result.process ? result.process->threads : 1);
    result.estimates.push_back({"pause", std::chrono::duration<double, std::milli>(pause).count(),
                                choice.bytes_copied, memory_needed(choice)});
    if (!result.trouble && memory_needed(choice) > memory_budget(run)) {
      result.trouble = {Exit::incomplete, "there may not be enough memory here for a copy",
                        "run heapglass on the host, or with --max-memory"};
    }
  } catch (const Failure& failure) {
    result.trouble = {failure.exit(), failure.what(), failure.remedy()};
  }
  return result;
}

}  // namespace heapglass
