// Threads and the functions that run in them, with their locals; and what each function alone keeps
// alive.
//
// Frames are told by the roots that they are (python/roots.h). Up to 3.10 a frame is an object that
// shows its locals; a generator's or coroutine's frame is part of that object: its carrier here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/analysis/dominators.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

struct Local {
  std::string_view name;
  ObjectId object{};  // of a variable that inner functions share what is in its cell
};

struct CallFrame {
  std::uint32_t number = 0;    // Root::frame
  std::string function, file;  // untrusted text
  std::optional<std::int64_t> line;
  std::optional<ObjectId> carrier;  // the object that has the frame
  std::vector<Local> locals;        // in the order of the code's variables
};

struct ThreadCalls {
  std::string holder;  // `thread 4711 "worker-3"`, as root names and owners have it
  std::uint64_t interpreter = 0;
  std::optional<std::uint64_t> native_id;
  std::optional<std::string> name;
  std::vector<CallFrame> frames;  // innermost first
};

// In the order of the roots. `graph` must outlive them.
std::vector<ThreadCalls> thread_calls(const HeapGraph& graph);

// "load() at jobs.py:12" in parts.
struct Place {
  std::string function, file;
  std::optional<std::int64_t> line;
};
Place parse_place(std::string_view text);

// The locals that a frame object or a suspended function shows itself.
std::vector<Local> locals_of(const HeapGraph& graph, ObjectId carrier);

// What would go with a frame, and whether a local's object would.
//
// The dominator tree over owners of which each frame is one. Roots to what the frame's carrier
// refers to itself are left out, so that it is held by one of them.
class FrameTree {
 public:
  FrameTree(const HeapGraph& graph, const std::vector<ThreadCalls>& threads);

  std::uint64_t retained(const CallFrame& frame) const;
  std::uint64_t retained(ObjectId object) const { return tree_.bytes[index(object)]; }
  // Whether nothing but the frame holds the object.
  bool holds_alone(const CallFrame& frame, ObjectId object) const;

 private:
  std::optional<std::uint32_t> owner_node(const CallFrame& frame) const;

  const HeapGraph& graph_;
  std::vector<std::uint32_t> owner_of_frame_;  // by Root::frame
  Dominators tree_;
};

}  // namespace heapglass
