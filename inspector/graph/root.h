// Where a graph begins: what holds an object and is no object itself.
#pragma once

#include <cstdint>
#include <string_view>

namespace heapglass {

enum class RootKind : std::uint8_t {
  module,       // what stands in sys.modules
  frame,        // of a running function: its locals, its value stack, its function and code
  thread,       // of a thread's state: thread-locals, context, exceptions
  interpreter,  // of an interpreter's state, or of the runtime's: codecs, atexit, signal handlers
  interned,     // strings that are kept once
  static_type   // type objects of the interpreter's file
};
inline constexpr std::size_t kRootKinds = 6;
std::string_view root_kind_name(RootKind kind);

// Whose is the reference.
enum class RootHold : std::uint8_t {
  owned,     // the root's: one of the object's count
  borrowed,  // not counted, or counted for an object that shows it (a module: for sys.modules)
  inferred   // of a value stack whose depth is not known: may be what an earlier call left there
};
std::string_view root_hold_name(RootHold hold);

}  // namespace heapglass
