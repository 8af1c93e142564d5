// What `doctor` shows: the same steps as an inspection takes up to the stop, but what goes wrong is
// written down instead of thrown.
#include <algorithm>
#include <chrono>

#include "inspector/inspect.h"
#include "inspector/open_target.h"
#include "inspector/target/clonable.h"
#include "inspector/target/copy.h"
#include "inspector/target/page_choice.h"
#include "inspector/target/self.h"

namespace heapglass {

namespace {

std::vector<Diagnosis::Estimate> estimate_modes(const ProcessFacts& process,
                                                const PageChoice& choice, const Run& run) {
  const auto ms = [](std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>(time).count();
  };
  const std::uint64_t bytes = choice.bytes_copied, memory = memory_needed(choice);
  const CloneFacts clone = gather_clone_facts(process);
  const auto over = [&](std::chrono::nanoseconds pause) {
    return pause > run.max_pause ? std::string("longer than --max-pause allows") : std::string();
  };
  const auto pause = estimate_pause(process.pid, choice, process.threads);
  const auto cloned = estimate_clone(clone);
  std::vector<Diagnosis::Estimate> estimates{
      {"pause", ms(pause), bytes, memory, over(pause)},
      {"clone", ms(cloned), bytes, memory, why_not_clonable(clone).value_or(over(cloned))},
      {"live", 0, bytes, memory, {}}};
  return estimates;
}

}  // namespace

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
    result.estimates = estimate_modes(process.facts(), choice, run);
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
