#include "inspector/analysis/task_groups.h"

#include <algorithm>
#include <map>
#include <utility>

#include "inspector/analysis/names_of.h"

namespace heapglass {

namespace {

constexpr std::string_view kAwait = " \u2192 await ";
constexpr std::size_t kMostSteps = 12;  // of a chain that are told

std::string function_text(const HeapGraph& graph, const Task& task) {
  if (task.chain.empty()) {
    return task.awaited ? type_name(graph, *task.awaited) : type_name(graph, task.object);
  }
  const std::string_view function = function_of(graph, task.chain.front());
  const std::string_view file = file_of(graph, task.chain.front());
  std::string text = std::string(function.empty() ? "?" : function) + "()";
  if (!file.empty()) text.append(" at ").append(file);
  return text;
}

}  // namespace

std::string suspended_text(const HeapGraph& graph, const Columns& columns, ObjectId suspended) {
  const std::string_view function = function_of(graph, suspended);
  const std::string_view file = file_of(graph, suspended);
  std::string text = std::string(function.empty() ? "?" : function) + "()";
  if (file.empty()) return text;
  text.append(" at ").append(file);
  if (const std::int32_t* line = columns.line.of(suspended)) text += ':' + std::to_string(*line);
  return text;
}

std::string task_text(const HeapGraph& graph, const Columns& columns, const Task& task) {
  if (task.state != FutureState::pending || task.chain.empty()) return function_text(graph, task);
  std::string text;
  const std::size_t size = task.chain.size();
  for (std::size_t i = 0; i < size; ++i) {
    if (size > kMostSteps && i == kMostSteps / 2) {
      const std::size_t left_out = size - kMostSteps;
      text += std::string(kAwait) + "\u2026 " + std::to_string(left_out) + " more \u2026";
      i += left_out;
    }
    if (i != 0) text += kAwait;
    text += suspended_text(graph, columns, task.chain[i]);
  }
  if (task.awaited) text.append(kAwait).append(type_name(graph, *task.awaited));
  return text;
}

std::vector<TaskGroup> task_groups(const HeapGraph& graph, const Columns& columns,
                                   const Dominators& tree, const std::vector<Task>& tasks,
                                   bool by_function) {
  std::vector<TaskGroup> groups;
  std::map<std::pair<FutureState, std::string>, std::size_t> known;
  std::vector<std::pair<std::uint32_t, std::size_t>> places;  // in the tree's preorder, group
  for (const Task& task : tasks) {
    std::string text = by_function ? function_text(graph, task) : task_text(graph, columns, task);
    const auto [at, fresh] = known.try_emplace({task.state, text}, groups.size());
    if (fresh) {
      TaskGroup& group = groups.emplace_back();
      group.text = std::move(text);
      group.state = task.state;
      group.example = task.object;
    }
    TaskGroup& group = groups[at->second];
    ++group.count;
    group.bytes += graph.footprint[index(task.object)];
    places.emplace_back(tree.position[index(task.object)], at->second);
  }
  // A task that another one of its group dominates adds nothing.
  std::sort(places.begin(), places.end());
  std::vector<std::size_t> end(groups.size());
  for (const auto& [position, number] : places) {
    if (position < end[number]) continue;
    const std::uint32_t node = tree.preorder[position];
    end[number] = position + tree.nodes[node];
    groups[number].retained_bytes += tree.bytes[node];
    groups[number].retained_objects += tree.nodes[node];
  }
  std::stable_sort(groups.begin(), groups.end(), [](const TaskGroup& a, const TaskGroup& b) {
    return a.retained_bytes > b.retained_bytes;
  });
  return groups;
}

}  // namespace heapglass
