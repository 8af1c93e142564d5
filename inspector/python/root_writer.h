// Where the readers of roots put what they find.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "inspector/python/roots.h"
#include "inspector/python/visit.h"

namespace heapglass {

class RootWriter {
 public:
  explicit RootWriter(const Decoders& decoders) : decoders_(decoders) {}

  // Index of a name, for those who add many roots of one.
  std::uint32_t name(std::string_view text) {
    // Of a target that is full of names, later ones are only said to be.
    constexpr std::size_t kMostBytes = std::size_t{64} << 20;
    if (bytes_ > kMostBytes) text = "(one name too many)";
    const auto [at, fresh] =
        index_.try_emplace(std::string(text), static_cast<std::uint32_t>(set_.names.size()));
    if (fresh) {
      set_.names.emplace_back(text);
      bytes_ += text.size();
    }
    return at->second;
  }

  // Null is no root. What is no object is counted, unless it is `inferred`: then it was none.
  void add(Address to, RootKind kind, RootHold hold, std::uint32_t name) {
    if (to != 0 && is_object(to, hold)) set_.references.push_back({to, name, kind, hold, frame_});
  }
  void add(Address to, RootKind kind, RootHold hold, std::string_view text) {
    if (to != 0 && is_object(to, hold))
      set_.references.push_back({to, name(text), kind, hold, frame_});
  }

  // What is added until the end is of one more frame.
  void begin_frame() { frame_ = ++frames_; }
  void end_frame() { frame_ = 0; }

  void add_uncounted(Address dict) { set_.uncounted.push_back(dict); }

  RootSet take() && { return std::move(set_); }

 private:
  bool is_object(Address to, RootHold hold) const {
    if (looks_like_object(to, decoders_)) return true;
    if (hold == RootHold::inferred) return false;
    if (const auto object = open_object(to, decoders_)) decoders_.fault(Fault::bad_refcount);
    return false;
  }

  const Decoders& decoders_;
  RootSet set_;
  std::unordered_map<std::string, std::uint32_t> index_;  // of set_.names
  std::size_t bytes_ = 0;                                 // of set_.names
  std::uint32_t frame_ = 0, frames_ = 0;
};

// The parts of read_roots, each in the file of its name: roots_interpreter.cpp, roots_threads.cpp,
// roots_frames.cpp, roots_shared.cpp. `prefix` stands before every name: "", "interpreter 2 ".
void add_interpreter_roots(const InterpreterState& state, std::string_view prefix,
                           const Decoders& decoders, RootWriter& writer);
void add_thread_roots(const InterpreterState& state, std::string_view prefix,
                      const Decoders& decoders, RootWriter& writer);
// What all interpreters share: signal handlers, interned strings, static types.
void add_shared_roots(const Runtime& runtime, const Decoders& decoders, RootWriter& writer);

// The dict behind sys.modules; 0 if it is not readable.
Address modules_of(const InterpreterState& state, const Decoders& decoders);

}  // namespace heapglass
