#include "cli/render/threads.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/render/table.h"
#include "inspector/analysis/names_of.h"
#include "inspector/analysis/retained.h"

namespace heapglass {
namespace {

using Align = Column::Align;
using Fit = Column::Fit;

constexpr std::size_t kMostLocals = 5;          // of a frame, in a table
constexpr std::uint64_t kLeastLocal = 1 << 10;  // bytes
constexpr std::size_t kDeepest = 16;            // levels of a tree

std::string place_text(const CallFrame& frame) {
  std::string text = frame.function + (frame.function == "<module>" ? "" : "()");
  if (!frame.file.empty()) text += " at " + frame.file;
  if (frame.line) text += ':' + std::to_string(*frame.line);
  return text;
}

// By holder.
std::unordered_map<std::string, std::uint64_t> retained_by_thread(const ThreadsView& view) {
  std::unordered_map<std::string, std::uint64_t> result;
  for (const RetainedRow& row : retained_by_owner(view.graph, view.tree, OwnerKind::thread)) {
    result.emplace(row.name, row.retained_bytes);
  }
  return result;
}

void add_frame_rows(const ThreadsView& view, const CallFrame& frame, Table& table) {
  table.rows.push_back({human_bytes(view.frames.retained(frame)), place_text(frame)});
  std::vector<Local> locals;
  for (const Local& local : frame.locals) {
    if (view.frames.retained(local.object) >= kLeastLocal) locals.push_back(local);
  }
  std::stable_sort(locals.begin(), locals.end(), [&](const Local& a, const Local& b) {
    return view.frames.retained(a.object) > view.frames.retained(b.object);
  });
  for (std::size_t i = 0; i < std::min(kMostLocals, locals.size()); ++i) {
    const Local& local = locals[i];
    const std::string bytes = human_bytes(view.frames.retained(local.object));
    const std::string what =
        "    " + std::string(local.name) + ": " + type_name(view.graph, local.object) + ", ";
    table.rows.push_back(
        {"", what + bytes +
                 (view.frames.holds_alone(frame, local.object) ? "" : ", held elsewhere too")});
  }
}

std::string thread_text(const ThreadsView& view, const ThreadCalls& thread, std::uint64_t retained,
                        std::size_t top) {
  std::string text = escape_terminal(thread.holder) + ", retains " + human_bytes(retained) + '\n';
  Table table;
  table.columns = {{"", Align::right, Fit::whole}, {"", Align::left, Fit::cut_middle}};
  const std::size_t shown = std::min(top, thread.frames.size());
  for (std::size_t i = 0; i < shown; ++i) add_frame_rows(view, thread.frames[i], table);
  text += render_table(table, view.terminal, 2);
  if (thread.frames.empty()) text += "    no Python frame\n";
  if (shown < thread.frames.size()) {
    text += "    and " + count_of(thread.frames.size() - shown, "more frame") + '\n';
  }
  return text;
}

std::string tasks_text(const ThreadsView& view, std::size_t top) {
  std::uint64_t pending = 0;
  for (const Task& task : view.tasks) pending += task.state == FutureState::pending ? 1 : 0;
  std::string text = "tasks: " + thousands(pending) + " pending, " +
                     thousands(view.tasks.size() - pending) + " finished and still referred to\n";
  const auto groups = task_groups(view.graph, view.columns, view.tree, view.tasks, false);
  Table table;
  table.columns = {{"COUNT", Align::right, Fit::whole},
                   {"RETAINED", Align::right, Fit::whole},
                   {"STATE", Align::left, Fit::whole},
                   {"AT", Align::left, Fit::cut_middle}};
  for (std::size_t i = 0; i < std::min(top, groups.size()); ++i) {
    const TaskGroup& group = groups[i];
    std::string at = group.text;
    if (group.state != FutureState::pending && view.paths.has(group.example)) {
      at += ", held by " + shape_text(view.graph, path_to(view.graph, view.paths, group.example));
    }
    table.rows.push_back({thousands(group.count), human_bytes(group.retained_bytes),
                          std::string(future_state_name(group.state)),
                          for_terminal(at, view.terminal)});
  }
  text += render_table(table, view.terminal, 2);
  if (groups.size() > top) {
    text += "  and " + thousands(groups.size() - top) + " other places\n";
  }
  return text;
}

class TaskTree {
 public:
  TaskTree(const ThreadsView& view, std::size_t top)
      : view_(view), top_(top), shown_(view.tasks.size()) {}

  std::string write() {
    std::vector<std::uint32_t> roots;
    for (std::uint32_t i = 0; i < view_.tasks.size(); ++i) {
      if (!view_.tasks[i].is_awaited) roots.push_back(i);
    }
    add(roots, 0);
    // Tasks that wait for each other in a ring hang from none.
    for (std::uint32_t i = 0; i < view_.tasks.size(); ++i) {
      if (!shown_[i] && view_.tasks[i].is_awaited && !below_[i]) add({i}, 0);
    }
    return std::move(text_);
  }

 private:
  std::string line_of(std::uint32_t i) const {
    const Task& task = view_.tasks[i];
    return std::string(future_state_name(task.state)) + "  " +
           task_text(view_.graph, view_.columns, task);
  }

  // Those that say the same and wait for nothing are one line.
  void add(const std::vector<std::uint32_t>& tasks, std::size_t depth) {
    std::map<std::string, std::vector<std::uint32_t>> alike;
    std::vector<std::pair<std::string, std::vector<std::uint32_t>>> lines;
    for (const std::uint32_t i : tasks) {
      if (shown_[i]) continue;
      shown_[i] = true;
      if (view_.tasks[i].waits_for.empty()) {
        alike[line_of(i)].push_back(i);
      } else {
        lines.emplace_back(line_of(i), std::vector{i});
      }
    }
    for (auto& one : alike) lines.push_back(std::move(one));
    std::size_t number = 0;
    for (const auto& [line, members] : lines) {
      for (const std::uint32_t i : view_.tasks[members.front()].waits_for) below_[i] = true;
      if (number++ == top_) {
        text_ += std::string(2 * depth, ' ') + "and " + thousands(lines.size() - top_) + " more\n";
        return;
      }
      text_ += std::string(2 * depth, ' ') + title(members) + "  " +
               escape_terminal(for_terminal(line, view_.terminal)) + '\n';
      if (depth < kDeepest) add(view_.tasks[members.front()].waits_for, depth + 1);
    }
  }
  std::string title(const std::vector<std::uint32_t>& members) const {
    if (members.size() != 1) return count_of(members.size(), "task");
    const std::string_view name = view_.tasks[members.front()].name;
    return name.empty() ? "a task" : escape_terminal(std::string(name));
  }

  const ThreadsView& view_;
  std::size_t top_;
  std::vector<bool> shown_, below_ = std::vector<bool>(shown_.size());
  std::string text_;
};

Json number_or_null(const auto& value) { return value ? Json(*value) : Json(nullptr); }
Json text_or_null(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(std::string(text));
}

Json local_json(const ThreadsView& view, const Local& local, const CallFrame* frame) {
  Json one{{"name", local.name}, {"type", type_name(view.graph, local.object)}};
  one["address"] = address_text(view.graph.address[index(local.object)]);
  one["retained_bytes"] = view.frames.retained(local.object);
  if (frame != nullptr) one["alone"] = view.frames.holds_alone(*frame, local.object);
  return one;
}

Json frame_json(const ThreadsView& view, const CallFrame& frame) {
  Json one{{"function", frame.function},
           {"file", text_or_null(frame.file)},
           {"line", number_or_null(frame.line)},
           {"retained_bytes", view.frames.retained(frame)}};
  Json& locals = one["locals"] = Json::array();
  for (const Local& local : frame.locals) locals.push_back(local_json(view, local, &frame));
  return one;
}

Json suspended_json(const ThreadsView& view, ObjectId suspended,
                    const std::unordered_map<ObjectId, const CallFrame*>& running) {
  const std::int32_t* line = view.columns.line.of(suspended);
  Json one{{"function", text_or_null(function_of(view.graph, suspended))},
           {"file", text_or_null(file_of(view.graph, suspended))},
           {"line", line == nullptr ? Json(nullptr) : Json(*line)},
           {"retained_bytes", view.frames.retained(suspended)}};
  Json& locals = one["locals"] = Json::array();
  const auto frame = running.find(suspended);
  for (const Local& local :
       frame != running.end() ? frame->second->locals : locals_of(view.graph, suspended)) {
    locals.push_back(local_json(view, local, nullptr));
  }
  return one;
}

Json task_json(const ThreadsView& view, const Task& task,
               const std::unordered_map<ObjectId, const CallFrame*>& running) {
  Json one = object_json(view.graph, task.object);
  one["name"] = text_or_null(task.name);
  one["state"] = future_state_name(task.state);
  one["retained_bytes"] = view.tree.bytes[index(task.object)];
  Json& frames = one["frames"] = Json::array();
  for (const ObjectId suspended : task.chain) {
    frames.push_back(suspended_json(view, suspended, running));
  }
  one["awaits"] = task.awaited ? object_json(view.graph, *task.awaited) : Json(nullptr);
  Json& waits = one["waits_for"] = Json::array();
  for (const std::uint32_t other : task.waits_for) {
    waits.push_back(address_text(view.graph.address[index(view.tasks[other].object)]));
  }
  if (task.state != FutureState::pending) {
    one["path"] = held_by(view.graph, view.paths, task.object);
  }
  return one;
}

}  // namespace

std::string threads_text(const ThreadsView& view, std::size_t top) {
  auto retained = retained_by_thread(view);
  std::vector<const ThreadCalls*> order;
  for (const ThreadCalls& thread : view.threads) order.push_back(&thread);
  std::stable_sort(order.begin(), order.end(), [&](const ThreadCalls* a, const ThreadCalls* b) {
    return retained[a->holder] > retained[b->holder];
  });
  std::string text;
  for (std::size_t i = 0; i < std::min(top, order.size()); ++i) {
    if (i != 0) text += '\n';
    text += thread_text(view, *order[i], retained[order[i]->holder], top);
  }
  if (order.size() > top) text += "\nand " + count_of(order.size() - top, "more thread") + '\n';
  if (!view.tasks.empty()) text += '\n' + tasks_text(view, top);
  return text;
}

std::string task_tree_text(const ThreadsView& view, std::size_t top) {
  if (view.tasks.empty()) return "no tasks of asyncio\n";
  return TaskTree(view, top).write();
}

void write_threads(JsonStream& document, const ThreadsView& view, std::size_t top) {
  auto retained = retained_by_thread(view);
  std::unordered_map<ObjectId, const CallFrame*> running;
  document.begin_array("threads");
  for (std::size_t i = 0; i < view.threads.size(); ++i) {
    const ThreadCalls& thread = view.threads[i];
    for (const CallFrame& frame : thread.frames) {
      if (frame.carrier) running.emplace(*frame.carrier, &frame);
    }
    if (i >= top) continue;
    Json one{{"name", number_or_null(thread.name)},
             {"native_id", number_or_null(thread.native_id)},
             {"interpreter", thread.interpreter},
             {"retained_bytes", retained[thread.holder]}};
    Json& frames = one["frames"] = Json::array();
    for (const CallFrame& frame : thread.frames) frames.push_back(frame_json(view, frame));
    document.item(one);
  }
  document.end_array();
  document.begin_array("tasks");
  for (std::size_t i = 0; i < std::min(top, view.tasks.size()); ++i) {
    document.item(task_json(view, view.tasks[i], running));
  }
  document.end_array();
}

}  // namespace heapglass
