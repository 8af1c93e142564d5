// Threads, their frames and locals, and tasks, as text and JSON.
#pragma once

#include <string>
#include <vector>

#include "cli/render/json_stream.h"
#include "cli/render/objects.h"
#include "inspector/analysis/frames.h"
#include "inspector/analysis/task_groups.h"

namespace heapglass {

struct ThreadsView {
  const HeapGraph& graph;
  const Columns& columns;
  const std::vector<ThreadCalls>& threads;
  const FrameTree& frames;
  const std::vector<Task>& tasks;
  const Dominators& tree;      // over threads as owners
  const ShortestPaths& paths;  // empty where no task is finished
  const Terminal& terminal;
};

// Each thread with its innermost frames, `top` at most, and those locals that retain something;
// then tasks that are at the same place.
std::string threads_text(const ThreadsView& view, std::size_t top);
// Tasks by who awaits whom, at most `top` below each.
std::string task_tree_text(const ThreadsView& view, std::size_t top);
// "threads" and "tasks".
void write_threads(JsonStream& document, const ThreadsView& view, std::size_t top);

}  // namespace heapglass
