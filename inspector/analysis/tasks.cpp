#include "inspector/analysis/tasks.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "inspector/analysis/names_of.h"
#include "inspector/graph/edge.h"

namespace heapglass {

namespace {

constexpr std::size_t kLongestChain = 1000;
constexpr std::size_t kMostLooked = 256;  // objects, from the callbacks of one task

bool is_callbacks(std::string_view label) {
  return label == "<callback>" || label == "<callbacks>" || label == "._callbacks";
}

// What awaits on behalf of something else: FutureIter, what async generators and coroutines give
// to `await`.
bool stands_for_another(std::string_view type) {
  return type == "_asyncio.FutureIter" || type == "FutureIter" || type == "coroutine_wrapper" ||
         type == "async_generator_asend" || type == "async_generator_athrow" ||
         type == "anext_awaitable";
}

class Search {
 public:
  Search(const HeapGraph& graph, const Columns& columns) : graph_(graph), columns_(columns) {}

  std::vector<Task> run() {
    for (std::size_t i = 0; i < columns_.future.objects.size(); ++i) {
      const ObjectId object = columns_.future.objects[i];
      const auto name = field(graph_, object, "<name>");
      if (!name) continue;  // a future
      Task task;
      task.object = object;
      task.name = text_of(graph_, object);
      if (task.name.empty()) task.name = text_of(graph_, *name);
      task.state = columns_.future.values[i];
      follow_chain(task);
      if (const auto waiter = field(graph_, object, "._fut_waiter")) {
        if (is_future(*waiter)) waiting_for_[*waiter].push_back(number(tasks_.size()));
      }
      tasks_.push_back(std::move(task));
    }
    for (std::uint32_t i = 0; i < tasks_.size(); ++i) find_waiting(i);
    return std::move(tasks_);
  }

 private:
  static std::uint32_t number(std::size_t i) { return static_cast<std::uint32_t>(i); }
  bool is_future(ObjectId object) const { return columns_.future.of(object) != nullptr; }

  template <class Call>
  void each_reference(ObjectId object, const Call& call) const {
    for (std::uint64_t r = graph_.reference_begin[index(object)];
         r < graph_.reference_begin[index(object) + 1]; ++r) {
      call(r, graph_.reference_to[r]);
    }
  }

  // What lies on top of the value stack.
  std::optional<ObjectId> awaited_by(ObjectId suspended) const {
    std::optional<ObjectId> top, frame;
    each_reference(suspended, [&](std::uint64_t r, ObjectId to) {
      if (edge_label(graph_.edge[r]) == LabelKind::stack) top = to;
      if (type_name(graph_, to) == "frame" && name_of(graph_, r).ends_with("_frame")) frame = to;
    });
    return top || !frame ? top : awaited_by(*frame);  // a frame has no frame under that name
  }

  ObjectId behind(ObjectId object) const {
    if (!stands_for_another(type_name(graph_, object))) return object;
    std::optional<ObjectId> found;
    each_reference(object, [&](std::uint64_t, ObjectId to) {
      if (!found && (is_suspended(type_name(graph_, to)) || is_future(to))) found = to;
    });
    return found.value_or(object);
  }

  void follow_chain(Task& task) const {
    std::optional<ObjectId> at = field(graph_, task.object, "._coro");
    while (at && is_suspended(type_name(graph_, *at)) && task.chain.size() < kLongestChain) {
      task.chain.push_back(*at);
      at = awaited_by(*at);
      if (at) at = behind(*at);
    }
    task.awaited = at;
    if (const auto waiter = field(graph_, task.object, "._fut_waiter")) {
      if (is_future(*waiter)) task.awaited = waiter;
    }
  }

  // Which tasks task `i` will wake when it is done.
  void find_waiting(std::uint32_t i) {
    if (tasks_[i].state != FutureState::pending) return;
    std::vector<ObjectId> to_do{tasks_[i].object};
    std::unordered_set<std::uint32_t> seen{number(index(tasks_[i].object))};
    const auto look = [&](ObjectId object) {
      if (seen.size() < kMostLooked && seen.insert(number(index(object))).second) {
        to_do.push_back(object);
      }
    };
    for (std::size_t at = 0; at < to_do.size(); ++at) {
      const ObjectId object = to_do[at];
      if (const auto waiting = waiting_for_.find(object); waiting != waiting_for_.end()) {
        for (const std::uint32_t task : waiting->second) add(task, i);
      }
      expand(object, at == 0, look);
    }
  }

  // Steps from callbacks to futures. Not into containers of anything, nor from one task to others.
  template <class Look>
  void expand(ObjectId object, bool first, const Look& look) const {
    const std::string& type = type_name(graph_, object);
    if (is_future(object)) {
      if (!first && field(graph_, object, "<name>")) return;
      each_reference(object, [&](std::uint64_t r, ObjectId to) {
        if (!is_callbacks(name_of(graph_, r))) return;
        look(to);
        if (type_name(graph_, to) != "list") return;
        each_reference(to, [&](std::uint64_t, ObjectId item) { look(item); });
      });
    } else if (type == "tuple" || type == "cell" || type == "method" ||
               type == "functools.partial") {
      each_reference(object, [&](std::uint64_t, ObjectId to) { look(to); });
    } else if (type == "function") {
      if (const auto closure = field(graph_, object, ".__closure__")) look(*closure);
    } else {
      look_at_attributes(object, look);
    }
  }
  template <class Look>
  void look_at_attributes(ObjectId object, const Look& look) const {
    each_reference(object, [&](std::uint64_t r, ObjectId to) {
      if (is_future(to)) look(to);
      if (name_of(graph_, r) != ".__dict__") return;
      each_reference(to, [&](std::uint64_t, ObjectId value) {
        if (is_future(value)) look(value);
      });
    });
  }

  void add(std::uint32_t waiting, std::uint32_t task) {
    std::vector<std::uint32_t>& list = tasks_[waiting].waits_for;
    if (waiting == task || (!list.empty() && list.back() == task)) return;
    list.push_back(task);
    tasks_[task].is_awaited = true;
  }

  const HeapGraph& graph_;
  const Columns& columns_;
  std::vector<Task> tasks_;
  std::unordered_map<ObjectId, std::vector<std::uint32_t>> waiting_for_;
};

}  // namespace

std::vector<Task> find_tasks(const HeapGraph& graph, const Columns& columns) {
  return Search(graph, columns).run();
}

}  // namespace heapglass
