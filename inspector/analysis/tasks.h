// asyncio's tasks: what each is at, and which task waits for which.
//
// A task is known by its column and its name (C's tasks; those of asyncio's Python fallback are
// not). What its coroutine awaits lies on top of that one's value stack, and so on down to a future
// or to what is no coroutine.
//
// A task that waits for another one has it as its _fut_waiter; or a future that the other's
// callbacks will wake: gather, wait, wait_for, shield, TaskGroup. These are found from the
// callbacks through closures, partials, bound methods and the attributes of their instances, at
// most kMostLooked objects from each.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "inspector/analysis/frames.h"
#include "inspector/graph/columns.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

struct Task {
  ObjectId object{};
  std::string_view name;  // untrusted text; empty: not known
  FutureState state = FutureState::pending;
  // Its coroutine, what that awaits, what that awaits …: suspended functions, outermost first.
  std::vector<ObjectId> chain;
  std::optional<ObjectId> awaited;       // what the last of them awaits
  std::vector<std::uint32_t> waits_for;  // tasks, by position
  bool is_awaited = false;               // by a task
};

// By object id. O(objects + references of tasks). `graph` must outlive them.
std::vector<Task> find_tasks(const HeapGraph& graph, const Columns& columns);

}  // namespace heapglass
