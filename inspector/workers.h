// Work that falls into independent pieces, on several threads.
#pragma once

#include <cstddef>
#include <functional>

namespace heapglass {

// As many as the machine has processors, four at most: the target and its neighbours want some.
std::size_t worker_count();

// Runs work(worker, task) once for every task in [0, tasks), lowest first, on `workers` threads, of
// which the caller is number 0. Returns when all are done; the first exception ends the rest before
// their next task and is thrown here.
void run_tasks(std::size_t tasks, std::size_t workers,
               const std::function<void(std::size_t worker, std::size_t task)>& work);

}  // namespace heapglass
