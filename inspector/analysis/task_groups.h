// Tasks that are at the same place, and what they retain together; what they are at in words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspector/analysis/dominators.h"
#include "inspector/analysis/tasks.h"

namespace heapglass {

// "fetch() at client.py:12 → await get() at queues.py:158 → await _asyncio.Future"; of a task that
// is finished its function. Untrusted text.
std::string task_text(const HeapGraph& graph, const Columns& columns, const Task& task);

// "get() at queues.py:158" of a suspended function, as far as it is known.
std::string suspended_text(const HeapGraph& graph, const Columns& columns, ObjectId suspended);

struct TaskGroup {
  std::string text;
  FutureState state = FutureState::pending;
  ObjectId example{};
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;  // footprints of the tasks
  std::uint64_t retained_bytes = 0;
  std::uint64_t retained_objects = 0;  // each counted once
};

// Most retained bytes first. `by_function`: those of one function and state are one, wherever they
// are in it.
std::vector<TaskGroup> task_groups(const HeapGraph& graph, const Columns& columns,
                                   const Dominators& tree, const std::vector<Task>& tasks,
                                   bool by_function);

}  // namespace heapglass
