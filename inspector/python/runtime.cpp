#include "inspector/python/runtime.h"

#include <algorithm>
#include <map>

#include "inspector/python/type_table.h"

namespace heapglass {

namespace {

constexpr std::size_t kMostInterpreters = 1024;
constexpr int kGenerations = 3;  // NUM_GENERATIONS

// What classes made in Python have for tp_traverse: it is local to typeobject.c, so a stripped file
// does not name it. Most of the first types in the collector's lists that have ht_cached_keys
// (which type_new makes and PyType_FromSpec does not) agree on it.
Address find_subtype_traverse(const Runtime& runtime, const Layout& layout, Memory& memory) {
  constexpr int kEnough = 40;
  constexpr std::size_t kMostLooks = 200'000;
  const auto at = [&](Address base, Fact fact) {
    return base + static_cast<Address>(layout[fact]);
  };
  const auto head_size = static_cast<Address>(layout[Fact::sizeof_PyGC_Head]);
  std::map<Address, int> votes;
  int seen = 0;
  std::size_t looks = 0;
  for (const InterpreterState& state : runtime.interpreters) {
    // Oldest generation first: classes are old.
    std::vector<Address> heads{state.permanent};
    heads.insert(heads.end(), state.generations.rbegin(), state.generations.rend());
    for (const Address head : heads) {
      for (Address node = memory.value<Address>(head).value_or(0);
           node != head && node != 0 && seen < kEnough && looks < kMostLooks; ++looks) {
        const Address object = node + head_size;
        if (memory.value<Address>(at(object, Fact::PyObject_ob_type)) == runtime.type_type) {
          Address cached = 0, traverse = 0;
          ReadRequest both[] = {
              {at(object, Fact::PyHeapTypeObject_ht_cached_keys), &cached, sizeof cached, false},
              {at(object, Fact::PyTypeObject_tp_traverse), &traverse, sizeof traverse, false}};
          memory.read(both);
          if (both[0].ok && both[1].ok && cached != 0 && traverse != 0) {
            ++votes[traverse];
            ++seen;
          }
        }
        node = memory.value<Address>(node).value_or(0);
      }
    }
  }
  const auto most = std::max_element(
      votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == votes.end() ? 0 : most->first;
}

}  // namespace

Runtime read_runtime(const Interpreter& interpreter, const Layout& layout, Memory& memory) {
  const auto at = [&](Address base, Fact fact) {
    return base + static_cast<Address>(layout[fact]);
  };
  const auto pointer = [&](Address address) { return memory.value<Address>(address).value_or(0); };
  Runtime runtime;
  runtime.type_type = interpreter.symbol("PyType_Type").value_or(0);
  for (Address state =
           pointer(at(interpreter.runtime.begin, Fact::_PyRuntimeState_interpreters_head));
       state != 0 && runtime.interpreters.size() < kMostInterpreters;
       state = pointer(at(state, Fact::PyInterpreterState_next))) {
    InterpreterState& result = runtime.interpreters.emplace_back();
    result.address = state;
    result.id = memory.value<std::int64_t>(at(state, Fact::PyInterpreterState_id)).value_or(-1);
    // Up to 3.8 one collector serves all interpreters.
    const bool shared_collector = !layout.has(Fact::PyInterpreterState_gc);
    result.gc = shared_collector ? at(interpreter.runtime.begin, Fact::_PyRuntimeState_gc)
                                 : at(state, Fact::PyInterpreterState_gc);
    if (!shared_collector || runtime.interpreters.size() == 1) {
      const Address generations = pointer(at(result.gc, Fact::_gc_runtime_state_generation0));
      for (int i = 0; i < kGenerations; ++i) {
        result.generations.push_back(generations +
                                     static_cast<Address>(i * layout[Fact::sizeof_gc_generation]));
      }
      result.permanent = at(result.gc, Fact::_gc_runtime_state_permanent_generation);
    }
    if (layout.dialects.static_types == StaticTypes::per_interpreter) {
      // The table ends with the interpreter's state; entries are checked by their type anyway.
      constexpr Address kMostTypes = 1024, kMostExtensionTypes = 10;
      const auto size = static_cast<Address>(layout[Fact::sizeof_managed_static_type_state]);
      const Address table = at(state, Fact::PyInterpreterState_types_builtins_initialized);
      result.static_type_states = {table, table + kMostTypes * size};
      if (layout.has(Fact::PyInterpreterState_types_for_extensions_initialized)) {
        const Address second = at(state, Fact::PyInterpreterState_types_for_extensions_initialized);
        result.extension_type_states = {second, second + kMostExtensionTypes * size};
      }
    }
  }
  runtime.subtype_traverse = find_subtype_traverse(runtime, layout, memory);
  return runtime;
}

bool collector_running(const Runtime& runtime, const Layout& layout, Memory& memory) {
  return std::any_of(
      runtime.interpreters.begin(), runtime.interpreters.end(), [&](const InterpreterState& state) {
        const Address flag =
            state.gc + static_cast<Address>(layout[Fact::_gc_runtime_state_collecting]);
        return memory.value<std::int32_t>(flag).value_or(0) != 0;
      });
}

}  // namespace heapglass
