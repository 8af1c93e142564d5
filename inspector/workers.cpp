#include "inspector/workers.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace heapglass {

std::size_t worker_count() {
  constexpr std::size_t kMost = 4;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMost);
}

void run_tasks(std::size_t tasks, std::size_t workers,
               const std::function<void(std::size_t, std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&](std::size_t worker) {
    try {
      for (std::size_t task = next++; task < tasks; task = next++) work(worker, task);
    } catch (...) {
      next = tasks;
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t worker = 1; worker < std::min(workers, tasks); ++worker) {
      others.emplace_back(run, worker);
    }
    run(0);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace heapglass
