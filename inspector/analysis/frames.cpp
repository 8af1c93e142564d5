#include "inspector/analysis/frames.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

#include "inspector/analysis/names_of.h"
#include "inspector/graph/edge.h"
#include "inspector/graph/root_name.h"

namespace heapglass {

namespace {

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// `interpreter 2 thread 4711 "worker-3"`
ThreadCalls parse_holder(std::string_view text) {
  constexpr std::string_view kInterpreter = "interpreter ", kThread = "thread ";
  ThreadCalls result;
  result.holder = text;
  const auto word = [&] {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view found = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return found;
  };
  if (text.starts_with(kInterpreter)) {
    text.remove_prefix(kInterpreter.size());
    result.interpreter = number_of(word()).value_or(0);
  }
  if (text.starts_with(kThread)) text.remove_prefix(kThread.size());
  result.native_id = number_of(word());
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    result.name = text.substr(1, text.size() - 2);
  }
  return result;
}

ObjectId out_of_cell(const HeapGraph& graph, ObjectId object) {
  if (type_name(graph, object) != "cell") return object;
  return field(graph, object, ".cell_contents").value_or(object);
}

bool is_carrier(const HeapGraph& graph, ObjectId object) {
  const std::string& type = type_name(graph, object);
  return type == "frame" || is_suspended(type);
}

void add_root(const HeapGraph& graph, const Root& root, const RootName& name, CallFrame& frame) {
  if (!name.local.empty()) {
    if (root.hold == RootHold::inferred) return;
    frame.locals.push_back({name.local, out_of_cell(graph, root.to)});
  } else if (name.part.empty() && is_carrier(graph, root.to)) {
    // A generator that runs up to 3.10 has a frame object; that one shows the locals.
    const bool better = !frame.carrier || type_name(graph, root.to) == "frame" ||
                        locals_of(graph, *frame.carrier).empty();
    if (better) frame.carrier = root.to;
  }
}

}  // namespace

Place parse_place(std::string_view text) {
  constexpr std::string_view kAt = " at ";
  Place place;
  const std::size_t at = text.find(kAt);
  std::string_view function = text.substr(0, at);
  if (function.ends_with("()")) function.remove_suffix(2);
  place.function = function;
  if (at == text.npos) return place;
  std::string_view file = text.substr(at + kAt.size());
  if (const std::size_t colon = file.rfind(':'); colon != file.npos) {
    if (const auto line = number_of(file.substr(colon + 1))) {
      place.line = static_cast<std::int64_t>(*line);
      file = file.substr(0, colon);
    }
  }
  place.file = file;
  return place;
}

std::vector<Local> locals_of(const HeapGraph& graph, ObjectId carrier) {
  std::vector<Local> result;
  for (std::uint64_t r = graph.reference_begin[index(carrier)];
       r < graph.reference_begin[index(carrier) + 1]; ++r) {
    const std::string_view name = local_of(graph, r);
    if (!name.empty()) result.push_back({name, out_of_cell(graph, graph.reference_to[r])});
  }
  if (!result.empty() || !is_suspended(type_name(graph, carrier))) return result;
  for (const std::string_view label : {".cr_frame", ".gi_frame", ".ag_frame"}) {
    const auto frame = field(graph, carrier, label);
    if (frame && type_name(graph, *frame) == "frame") return locals_of(graph, *frame);
  }
  return result;
}

std::vector<ThreadCalls> thread_calls(const HeapGraph& graph) {
  std::vector<ThreadCalls> threads;
  std::unordered_map<std::string_view, std::size_t> known;
  for (const Root& root : graph.roots) {
    if (root.kind != RootKind::frame && root.kind != RootKind::thread) continue;
    if (root.name >= graph.root_names.size()) continue;
    const RootName name = parse_root_name(root.kind, graph.root_names[root.name]);
    const auto [at, fresh] = known.try_emplace(name.holder, threads.size());
    if (fresh) threads.push_back(parse_holder(name.holder));
    if (root.kind != RootKind::frame) continue;
    std::vector<CallFrame>& frames = threads[at->second].frames;
    if (frames.empty() || frames.back().number != root.frame) {
      Place place = parse_place(name.place);
      frames.push_back({root.frame,
                        std::move(place.function),
                        std::move(place.file),
                        place.line,
                        std::nullopt,
                        {}});
    }
    add_root(graph, root, name, frames.back());
  }
  for (ThreadCalls& thread : threads) {
    for (CallFrame& frame : thread.frames) {
      if (frame.locals.empty() && frame.carrier) frame.locals = locals_of(graph, *frame.carrier);
    }
  }
  return threads;
}

FrameTree::FrameTree(const HeapGraph& graph, const std::vector<ThreadCalls>& threads)
    : graph_(graph) {
  RootEdges roots = root_edges(graph);
  std::unordered_map<std::uint32_t, std::vector<ObjectId>> shown;  // by Root::frame, sorted
  for (const ThreadCalls& thread : threads) {
    for (const CallFrame& frame : thread.frames) {
      if (owner_of_frame_.size() <= frame.number) owner_of_frame_.resize(frame.number + 1, kNoRoot);
      owner_of_frame_[frame.number] = static_cast<std::uint32_t>(roots.owners.size());
      roots.owners.push_back({OwnerKind::thread, frame.function});
      if (!frame.carrier) continue;
      const std::size_t i = index(*frame.carrier);
      std::vector<ObjectId>& targets = shown[frame.number];
      targets.assign(graph.reference_to.begin() + graph.reference_begin[i],
                     graph.reference_to.begin() + graph.reference_begin[i + 1]);
      std::sort(targets.begin(), targets.end());
    }
  }
  for (std::vector<RootEdge>& level : roots.levels) {
    std::erase_if(level, [&](RootEdge& edge) {
      const std::uint32_t frame = graph.roots[edge.root].frame;
      if (frame == 0 || frame >= owner_of_frame_.size()) return false;
      edge.owner = owner_of_frame_[frame];
      const auto targets = shown.find(frame);
      return targets != shown.end() &&
             std::binary_search(targets->second.begin(), targets->second.end(), edge.to);
    });
  }
  tree_ = dominators(graph, std::move(roots));
}

std::optional<std::uint32_t> FrameTree::owner_node(const CallFrame& frame) const {
  if (frame.number >= owner_of_frame_.size()) return std::nullopt;
  return tree_.owner_node(owner_of_frame_[frame.number]);
}

std::uint64_t FrameTree::retained(const CallFrame& frame) const {
  const auto owner = owner_node(frame);
  if (!owner) return 0;
  std::uint64_t bytes = tree_.bytes[*owner];
  if (frame.carrier && tree_.dominator[index(*frame.carrier)] != *owner) {
    bytes += tree_.bytes[index(*frame.carrier)];
  }
  return bytes;
}

bool FrameTree::holds_alone(const CallFrame& frame, ObjectId object) const {
  const auto owner = owner_node(frame);
  std::uint32_t above = tree_.dominator[index(object)];
  if (tree_.is_object(above) && type_name(graph_, ObjectId{above}) == "cell") {
    above = tree_.dominator[above];
  }
  return above == owner || (frame.carrier && above == index(*frame.carrier));
}

}  // namespace heapglass
