// A thread of its own for what only one and the same thread may do: seize, look, let go.
//
// What a tracer traces and cannot let go (a thread that does not stop) is detached by the tracer's
// exit and by nothing else: so each stop has a thread that ends with it, and the work is done by
// the thread that asked for it, where everything is warm.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace heapglass {

class Tracer {
 public:
  // Runs `body` on the thread. What it throws is kept for rethrow().
  explicit Tracer(std::function<void(Tracer&)> body);
  ~Tracer();  // join()
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // For both sides: `change` to what both look at, told to the other.
  void change(const std::function<void()>& change);
  // For the owner: returns when `done()` holds (true), or the body has ended without it. Ends
  // meanwhile, now and then, the body's waiting inside seize() (threads.h).
  bool wait(const std::function<bool()>& done);
  // For the body, which holds `lock(tracer)`: until told of a change or `until`.
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  void wait_for_change(std::unique_lock<std::mutex>& lock,
                       std::chrono::steady_clock::time_point until);

  // Until the body has ended and the kernel has let go what was still traced.
  void join();
  // What the body threw, if it did. After join().
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::atomic<pid_t> tid_{0};
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace heapglass
