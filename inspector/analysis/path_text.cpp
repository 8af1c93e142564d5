#include "inspector/analysis/path_text.h"

#include <string_view>
#include <utility>

#include "inspector/analysis/names_of.h"
#include "inspector/graph/edge.h"
#include "inspector/graph/root_name.h"

namespace heapglass {

namespace {

constexpr std::string_view kArrow = " \u2192 ";
constexpr std::size_t kMostSteps = 48;  // of which text is made: half of them from each end

std::string_view root_name(const HeapGraph& graph, const RootEdge& root) {
  if (root.root == kNoRoot) {
    constexpr std::uint8_t kNobodys = HeapGraph::kImmortal | HeapGraph::kUncounted;
    return graph.flags[index(root.to)] & kNobodys ? "the interpreter" : "native code";
  }
  const std::uint32_t name = graph.roots[root.root].name;
  return name < graph.root_names.size() ? graph.root_names[name] : std::string_view("?");
}

// ` of thread 7 "worker"`; nothing of the main thread, which is where one looks first.
std::string in_thread(std::string_view holder) {
  return holder.ends_with(" \"MainThread\"") ? std::string() : ", " + std::string(holder);
}

class Writer {
 public:
  Writer(const HeapGraph& graph, const KeyText& key_text, bool general)
      : graph_(graph), key_text_(key_text), general_(general) {}

  std::string write(const Path& path) {
    std::size_t at = begin(path);
    const std::size_t size = path.steps.size();
    if (size > kMostSteps) {
      for (; at < kMostSteps / 2; ++at) append(path, at);
      text_ += std::string(kArrow) + "\u2026 " + std::to_string(size - kMostSteps) +
               " more steps \u2026" + std::string(kArrow);
      phrase_ = false;
      at = size - kMostSteps / 2;
    }
    for (; at < size; ++at) append(path, at);
    return std::move(text_);
  }

 private:
  // The root, and of frames the local that it begins with. Returns which step comes next.
  std::size_t begin(const Path& path) {
    text_ = root_text(graph_, path.root);
    phrase_ = text_.find(' ') != text_.npos;
    if (path.root.root == kNoRoot) return 0;
    const RootKind kind = graph_.roots[path.root.root].kind;
    if (kind == RootKind::module && !path.steps.empty()) {
      // As in an import; `interpreter 2` stays in front.
      constexpr std::string_view kModule = "module ";
      const std::size_t word = text_.find(kModule);
      if (word != text_.npos) text_.erase(word, kModule.size());
      phrase_ = false;
    }
    if (kind != RootKind::frame || path.steps.empty()) return 0;
    after_local_ = text_.starts_with("local ");
    // A frame or a generator that is an object: its local is as good as the frame's.
    const std::string_view local = local_of(graph_, path.steps.front().reference);
    const RootName parts = parse_root_name(kind, root_name(graph_, path.root));
    if (local.empty() || !parts.local.empty() || !parts.part.empty()) return 0;
    text_ =
        "local " + std::string(local) + " in " + std::string(parts.place) + in_thread(parts.holder);
    after_local_ = true;
    return 1;
  }

  void append(const Path& path, std::size_t at) {
    const PathStep& step = path.steps[at];
    const ObjectId from = at == 0 ? path.root.to : path.steps[at - 1].to;
    const std::uint32_t edge = graph_.edge[step.reference];
    label_.clear();
    append_label(label_, graph_, from, step.reference, key_text_);
    const std::string_view type = type_name(graph_, from);
    const bool last = at + 1 == path.steps.size();
    if (is_cache(type) || within_cache_) return append_cached(edge);
    if (!last && is_transparent(type, path.steps[at + 1])) {
      if (is_suspended(type)) function_ = function_of(graph_, from);
      return;
    }
    // A local that an inner function has too is in a cell.
    if (std::exchange(after_local_, false) && label_ == ".cell_contents") return;
    // What a threading.local holds for one thread: its dict, under a reference to the thread's end.
    if (!last && (label_ == "<dummies>" || label_ == "<dicts>")) {
      thread_local_ = ThreadLocal::table;
      return;
    }
    if (thread_local_ == ThreadLocal::table && !last && edge_label(edge) == LabelKind::value) {
      thread_local_ = ThreadLocal::attribute;
      const auto key = key_of(graph_, from, step.reference);
      thread_ = key && !general_ ? text_of(graph_, *key) : std::string_view();
      return;
    }
    if (general_) label_ = general_label_text(graph_, from, step.reference);
    if (label_.starts_with("local ")) {
      const std::string_view known = std::exchange(function_, {});
      const std::string_view function = known.empty() ? function_of(graph_, from) : known;
      if (!function.empty()) label_.append(" in ").append(function).append("()");
      word(label_, kArrow);
      after_local_ = true;
      return;
    }
    if (edge_label(edge) == LabelKind::stack && is_suspended(type_name(graph_, step.to)) &&
        (is_suspended(type) || type == "frame")) {
      const std::string_view function = function_of(graph_, step.to);
      label_ = type_name(graph_, step.to) == "generator" ? "yield from" : "await";
      if (!function.empty()) label_.append(" ").append(function).append("()");
      return word(label_, kArrow);
    }
    if (const auto key = key_of(graph_, from, step.reference)) {
      const auto variable = variable_name(graph_, *key);
      const std::string_view name = variable ? text_of(graph_, *variable) : std::string_view();
      if (!name.empty()) label_ = "[" + std::string(name) + "]";
    }
    if (label_.starts_with("<+")) return word(label_, kArrow);
    if (label_.starts_with('<')) return word(label_.substr(1, label_.size() - 2), kArrow);
    if (phrase_) {
      word(label_, kArrow);
    } else {
      text_ += label_;
    }
    phrase_ = false;
    if (std::exchange(thread_local_, ThreadLocal::no) != ThreadLocal::no) {
      word(thread_.empty() ? "(thread-local)" : "(thread-local of " + std::string(thread_) + ")",
           " ");
    }
  }

  // functools.lru_cache
  static bool is_cache(std::string_view type) { return type == "functools._lru_cache_wrapper"; }
  // What it holds it holds twice where it has a maxsize: itself, and in its dict.
  void append_cached(std::uint32_t edge) {
    if (label_ == "<cache>") {
      within_cache_ = true;
      return word("(lru_cache)", " ");
    }
    const LabelKind kind = edge_label(edge);
    const bool said = std::exchange(within_cache_, false);
    if (kind == LabelKind::key || kind == LabelKind::value) {
      if (!said) word("(lru_cache)", " ");
      return word(kind == LabelKind::key ? "key" : "result", kArrow);
    }
    if (label_.starts_with('<')) return word(label_.substr(1, label_.size() - 2), kArrow);
    text_ += label_;
  }

  // Parts of one step: an instance's dict before a name in it; a generator's frame before a local
  // of it; the inner tree of a context.
  bool is_transparent(std::string_view type, const PathStep& next) const {
    if (label_ == ".__dict__") {
      const LabelKind kind = edge_label(graph_.edge[next.reference]);
      return kind == LabelKind::attribute || kind == LabelKind::field;
    }
    if (label_ == ".gi_frame" || label_ == ".cr_frame" || label_ == ".ag_frame") {
      return !local_of(graph_, next.reference).empty() ||
             edge_label(graph_.edge[next.reference]) == LabelKind::stack;
    }
    return label_ == "<variables>" || type == "hamt" || type == "hamt_array_node";
  }

  void word(const std::string& what, std::string_view before) {
    text_.append(before).append(what);
    phrase_ = what.ends_with(')');
  }

  const HeapGraph& graph_;
  const KeyText& key_text_;
  bool general_;
  std::string text_, label_;
  bool phrase_ = false;  // ends in words, which no attribute can follow directly
  bool after_local_ = false, within_cache_ = false;
  std::string_view function_;  // of the generator whose frame comes next
  std::string_view thread_;    // whose thread-local comes next
  enum class ThreadLocal { no, table, attribute } thread_local_ = ThreadLocal::no;
};

// An attribute that is followed again and again, once (path_shapes.h counts it so).
Path without_repeats(const HeapGraph& graph, const Path& path) {
  Path result{path.root, {}};
  for (const PathStep& step : path.steps) {
    const std::string_view name = name_of(graph, step.reference);
    std::size_t last = result.steps.size();
    const bool by_dict =
        last != 0 && name_of(graph, result.steps[last - 1].reference) == ".__dict__";
    if (by_dict) --last;
    if (last != 0 && !name.empty() && name != ".__dict__" &&
        name_of(graph, result.steps[last - 1].reference) == name) {
      result.steps.resize(last);
      result.steps.back().to = step.to;
      continue;
    }
    result.steps.push_back(step);
  }
  return result;
}

}  // namespace

std::string path_text(const HeapGraph& graph, const Path& path, const KeyText& key_text) {
  return Writer(graph, key_text, false).write(path);
}

std::string shape_text(const HeapGraph& graph, const Path& path) {
  return Writer(graph, {}, true).write(without_repeats(graph, path));
}

std::string general_label_text(const HeapGraph& graph, ObjectId from, std::uint64_t reference) {
  const bool item = edge_label(graph.edge[reference]) == LabelKind::item;
  if (item && type_name(graph, from) != "tuple") return "[\u2026]";
  std::string label;
  append_label(label, graph, from, reference);
  return label;
}

std::string root_text(const HeapGraph& graph, const RootEdge& root) {
  const std::string_view name = root_name(graph, root);
  if (root.root == kNoRoot) return std::string(name);
  const RootKind kind = graph.roots[root.root].kind;
  const RootName parts = parse_root_name(kind, name);
  if (kind == RootKind::frame && !parts.place.empty()) {
    const std::string where = std::string(parts.place) + in_thread(parts.holder);
    if (!parts.local.empty()) return "local " + std::string(parts.local) + " in " + where;
    if (!parts.part.empty()) return std::string(parts.part) + " of " + where;
    return "frame " + where;
  }
  if (kind == RootKind::thread && !parts.part.empty()) {
    return std::string(parts.part) + " of " + std::string(parts.holder);
  }
  return std::string(name);
}

}  // namespace heapglass
