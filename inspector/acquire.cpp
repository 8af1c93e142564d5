#include "inspector/acquire.h"

#include <algorithm>
#include <thread>

#include "inspector/inspect.h"
#include "inspector/target/clonable.h"
#include "inspector/target/self.h"
#include "inspector/target/twin.h"

namespace heapglass {

namespace {

using namespace std::chrono_literals;
using Nanoseconds = std::chrono::nanoseconds;

std::string milliseconds(Nanoseconds time) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(time).count()) + " ms";
}

// While the collector works, objects are in no list: wait for its end, without a stop.
void wait_for_collector(const OpenTarget& target) {
  ProcessMemory memory(target.process.pid());
  const auto until = std::chrono::steady_clock::now() + 2s;
  while (collector_running(target.python.runtime, memory) &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(1ms);
  }
}

void check_memory(pid_t pid, const PageChoice& choice, const Run& run) {
  const std::uint64_t needed = memory_needed(choice);
  const std::uint64_t budget = memory_budget(run);
  if (needed <= budget) return;
  const auto mb = [](std::uint64_t bytes) { return std::to_string((bytes >> 20) + 1) + "M"; };
  throw Failure(Exit::incomplete,
                "reading process " + std::to_string(pid) + " needs about " + mb(needed) +
                    " of memory here and may use " + mb(budget) +
                    (shares_cgroup(pid) ? ", which counts against the target's own limit" : ""),
                run.max_memory != 0 ? "--max-memory " + mb(needed)
                                    : "run heapglass on the host, or with --max-memory " +
                                          mb(needed) + " if that much is really free");
}

void check_pause(const Reading& reading, Nanoseconds estimate, const CloneFacts& clone,
                 const Run& run) {
  if (estimate <= run.max_pause) return;
  std::string cause = "the target would be stopped for about " + milliseconds(estimate) +
                      ", longer than --max-pause allows; nothing was stopped";
  if (!reading.clone_refused.empty()) {
    cause = "--clone cannot be used here: " + reading.clone_refused + "; and by --pause " + cause;
  }
  const bool clone_fits = reading.mode == Mode::pause && reading.clone_refused.empty() &&
                          !why_not_clonable(clone) && estimate_clone(clone) <= run.max_pause;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(estimate).count();
  throw Failure(Exit::incomplete, cause,
                clone_fits ? std::string("--clone")
                           : "--max-pause " + std::to_string(ms * 3 / 2 + 10) + "ms");
}

Nanoseconds estimate(const OpenTarget& target, const PageChoice& choice, Mode mode,
                     const CloneFacts& clone) {
  switch (mode) {
    case Mode::clone:
      return estimate_clone(clone);
    case Mode::live:
      return {};
    default:
      return estimate_pause(target.process.pid(), choice, target.process.facts().threads);
  }
}

void tell_fallback(const Reading& reading, Nanoseconds estimate, const Run& run) {
  if (reading.clone_refused.empty() || reading.longest_pause != Nanoseconds{}) return;
  run.tell("--clone cannot be used here: " + reading.clone_refused +
           "; instead the process is stopped (--pause), for about " + milliseconds(estimate));
}

}  // namespace

std::uint64_t memory_needed(const PageChoice& choice) {
  // The copy, and for a heap of small objects about as much again for the graph.
  constexpr std::uint64_t kBase = 64 << 20;
  return choice.bytes_copied * 2 + kBase;
}

std::uint64_t memory_budget(const Run& run) {
  return run.max_memory != 0 ? run.max_memory : free_memory_here() / 2;
}

void fall_back(Reading& reading, const std::string& reason) {
  reading.mode = Mode::pause;
  reading.clone_refused = reason;
}

HeapCopy acquire(const OpenTarget& target, const std::vector<Mapping>& maps,
                 const PageChoice& choice, Reading& reading, const Run& run,
                 Acquisition& acquisition) {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  const pid_t pid = target.process.pid();
  const CloneFacts clone = gather_clone_facts(target.process.facts());
  if (reading.mode == Mode::clone) {
    if (const auto reason = why_not_clonable(clone)) fall_back(reading, *reason);
  }
  check_memory(pid, choice, run);
  HeapCopy copy;
  Nanoseconds expected;
  while (true) {
    expected = estimate(target, choice, reading.mode, clone);
    check_pause(reading, expected, clone, run);
    tell_fallback(reading, expected, run);
    wait_for_collector(target);
    target.process.require_alive();
    try {
      copy = reading.mode == Mode::clone  ? copy_cloned(pid, maps, choice, run)
             : reading.mode == Mode::live ? copy_live(pid, maps, choice, run)
                                          : copy_paused(pid, maps, choice, run);
      break;
    } catch (const CannotClone& refusal) {
      fall_back(reading, refusal.reason);
    }
  }
  target.process.require_alive();  // else it may be another program's memory

  reading.longest_pause = std::max(reading.longest_pause, copy.stop.pause);
  acquisition.mode = reading.mode;
  acquisition.clone_refused = reading.clone_refused;
  acquisition.taken_at = std::chrono::system_clock::now();
  acquisition.pause_ms = Milliseconds(reading.longest_pause).count();
  acquisition.estimated_pause_ms = Milliseconds(expected).count();
  acquisition.approximate = reading.mode == Mode::live;
  acquisition.threads =
      reading.mode == Mode::live ? target.process.facts().threads : copy.stop.threads;
  acquisition.on_cpu_threads = copy.stop.on_cpu_threads;
  acquisition.bytes_read = copy.bytes;
  acquisition.bytes_left_out = choice.bytes_left_out;
  return copy;
}

}  // namespace heapglass
