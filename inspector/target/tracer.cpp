#include "inspector/target/tracer.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

#include "inspector/target/threads.h"

namespace heapglass {

namespace {

using namespace std::chrono_literals;

// How long a thread's seizing waits before we look what it may be waiting for.
constexpr auto kGlance = 2ms;

// Joining says that the thread's memory is gone; what it traced is let go a little later in its
// exit (kernel/exit.c: exit_mm, then exit_notify). After that its tid means nothing.
void wait_for_exit(pid_t tid) {
  constexpr int kLongest = 10000;  // half a second
  const timespec nap{0, 50'000};
  for (int i = 0; i < kLongest && ::syscall(SYS_tgkill, ::getpid(), tid, 0) == 0; ++i) {
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, nullptr);
  }
}

}  // namespace

Tracer::Tracer(std::function<void(Tracer&)> body) {
  let_waiting_be_ended();
  thread_ = std::thread([this, body = std::move(body)] {
    tid_ = static_cast<pid_t>(::syscall(SYS_gettid));
    ::prctl(PR_SET_TIMERSLACK, 1);  // naps as short as asked for
    try {
      body(*this);
    } catch (...) {
      error_ = std::current_exception();
    }
    change([this] { ended_ = true; });
  });
}

Tracer::~Tracer() { join(); }

void Tracer::change(const std::function<void()>& change) {
  const std::lock_guard lock(mutex_);
  change();
  changed_.notify_all();
}

bool Tracer::wait(const std::function<bool()>& done) {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kGlance, [&] { return done() || ended_; })) {
    end_waiting(thread_.native_handle());
  }
  return done();
}

void Tracer::wait_for_change(std::unique_lock<std::mutex>& lock,
                             std::chrono::steady_clock::time_point until) {
  changed_.wait_until(lock, until);
}

void Tracer::join() {
  if (!thread_.joinable()) return;
  wait([this] { return ended_; });
  thread_.join();
  wait_for_exit(tid_);
}

}  // namespace heapglass
