#include "inspector/target/stop.h"

#include <algorithm>
#include <exception>

#include "inspector/target/hold.h"
#include "inspector/target/tracer.h"

namespace heapglass {

namespace {

using Clock = Hold::Clock;
using namespace std::chrono_literals;

// How often a stopped target is asked whether it lives, and the run whether it goes on.
constexpr auto kGlance = 2ms;

// What the tracer thread and the working thread tell each other.
struct Handshake {
  bool stopped = false;  // tracer: all threads stand still, begin
  bool worked = false;   // worker: done, let go
  std::atomic<bool> cancelled{false};
  StopReport report;
};

void hold_while_working(Tracer& tracer, Hold& hold, Handshake& shared) {
  StopReport& report = shared.report;
  auto lock = tracer.lock();
  while (!shared.worked) {
    const auto now = Clock::now();
    report.deadline_passed = now >= hold.deadline();
    if (target_died(hold) || report.deadline_passed || hold.run.stopping()) {
      shared.cancelled = true;
      break;
    }
    tracer.wait_for_change(lock, std::min(hold.deadline(), now + kGlance));
  }
  report.target_died = target_died(hold);
}

}  // namespace

StopReport stop_and(pid_t pid, const Run& run,
                    const std::function<void(const std::atomic<bool>& cancelled)>& work) {
  Handshake shared;
  Tracer tracer([&](Tracer& self) {
    Hold hold(pid, run);
    stop_all_threads(hold);
    shared.report.threads = static_cast<std::uint32_t>(hold.tracees.size());
    self.change([&] { shared.stopped = true; });
    shared.report.on_cpu_threads =
        static_cast<std::uint32_t>(std::ranges::count_if(hold.tracees, on_cpu, &Tracee::tid));
    hold_while_working(self, hold, shared);
    let_go(hold.tracees);
    shared.report.pause = Clock::now() - hold.begin;
  });
  std::exception_ptr error;
  if (tracer.wait([&] { return shared.stopped; })) {
    try {
      work(shared.cancelled);
    } catch (...) {
      error = std::current_exception();
    }
    tracer.change([&] { shared.worked = true; });
  }
  tracer.join();
  tracer.rethrow();
  if (run.stopping()) throw Interrupted{run.interrupted->load()};
  if (error) std::rethrow_exception(error);
  return shared.report;
}

}  // namespace heapglass
