#include "inspector/python/roots.h"

#include "inspector/python/root_writer.h"

namespace heapglass {

std::string_view root_kind_name(RootKind kind) {
  constexpr std::string_view kNames[kRootKinds] = {"module",      "frame",    "thread",
                                                   "interpreter", "interned", "static_type"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view root_hold_name(RootHold hold) {
  constexpr std::string_view kNames[] = {"owned", "borrowed", "inferred"};
  return kNames[static_cast<std::size_t>(hold)];
}

RootSet read_roots(const Runtime& runtime, const Decoders& decoders) {
  RootWriter writer(decoders);
  for (const InterpreterState& state : runtime.interpreters) {
    // interp.next leads from the latest to the first, which has number 0.
    const std::string prefix = state.id == 0 ? "" : "interpreter " + std::to_string(state.id) + " ";
    add_interpreter_roots(state, prefix, decoders, writer);
    add_thread_roots(state, prefix, decoders, writer);
  }
  add_shared_roots(runtime, decoders, writer);
  return std::move(writer).take();
}

}  // namespace heapglass
