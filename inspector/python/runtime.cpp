#include "inspector/python/runtime.h"

#include <algorithm>
#include <map>

#include "inspector/python/type_table.h"
#include "symbols/static_state.h"

namespace heapglass {

namespace {

constexpr std::size_t kMostInterpreters = 1024;
constexpr int kGenerations = 3;  // NUM_GENERATIONS

// What classes made in Python have for tp_traverse: it is local to typeobject.c, so a stripped file
// does not name it. Most of the first types in the collector's lists that have ht_cached_keys
// (which type_new makes and PyType_FromSpec does not) agree on it.
class TraverseVotes {
 public:
  TraverseVotes(const Layout& layout, Memory& memory) : layout_(layout), memory_(memory) {}

  // Of a type object.
  void ask(Address type) {
    Address cached = 0, traverse = 0;
    ReadRequest both[] = {
        {type + static_cast<Address>(layout_[Fact::PyHeapTypeObject_ht_cached_keys]), &cached,
         sizeof cached, false},
        {type + static_cast<Address>(layout_[Fact::PyTypeObject_tp_traverse]), &traverse,
         sizeof traverse, false}};
    memory_.read(both);
    if (!both[0].ok || !both[1].ok || cached == 0 || traverse == 0) return;
    ++votes_[traverse];
    ++seen_;
  }
  bool enough() const {
    constexpr int kEnough = 40;
    return seen_ >= kEnough;
  }
  Address most() const {
    const auto most =
        std::max_element(votes_.begin(), votes_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == votes_.end() ? 0 : most->first;
  }

 private:
  const Layout& layout_;
  Memory& memory_;
  std::map<Address, int> votes_;
  int seen_ = 0;
};

// Where there are no lists: among the direct subclasses of `object`, which stand with weak
// references in a dict of the interpreter's state, by their addresses.
void ask_subclasses(const InterpreterState& state, Address object, const Layout& layout,
                    Memory& memory, TraverseVotes& votes) {
  constexpr std::int64_t kMostEntries = 1 << 16;
  constexpr unsigned kMostLog2 = 20;
  const auto at = [&](Address base, Fact fact) {
    return base + static_cast<Address>(layout[fact]);
  };
  const auto pointer = [&](Address address) { return memory.value<Address>(address).value_or(0); };
  const Address number = pointer(at(object, Fact::PyTypeObject_tp_subclasses));
  const auto size = static_cast<Address>(layout[Fact::sizeof_managed_static_type_state]);
  if (number == 0 || number > state.static_type_states.size() / size) return;
  const Address entry = state.static_type_states.begin + (number - 1) * size;
  const Address dict = pointer(at(entry, Fact::managed_static_type_state_tp_subclasses));
  const Address keys = pointer(at(dict, Fact::PyDictObject_ma_keys));
  const auto entries =
      memory.value<std::int64_t>(at(keys, Fact::PyDictKeysObject_dk_nentries)).value_or(0);
  const unsigned log2 =
      memory.value<std::uint8_t>(at(keys, Fact::PyDictKeysObject_dk_log2_index_bytes)).value_or(0);
  if (log2 > kMostLog2) return;
  Address item = at(keys, Fact::PyDictKeysObject_dk_indices) + (Address{1} << log2);
  for (std::int64_t i = 0; i < std::min(entries, kMostEntries) && !votes.enough(); ++i) {
    const Address weak = pointer(at(item, Fact::PyDictKeyEntry_me_value));
    if (weak != 0) votes.ask(pointer(at(weak, Fact::PyWeakReference_wr_object)));
    item += static_cast<Address>(layout[Fact::sizeof_PyDictKeyEntry]);
  }
}

Address find_subtype_traverse(const Runtime& runtime, const Interpreter& interpreter,
                              const Layout& layout, Memory& memory) {
  constexpr std::size_t kMostLooks = 200'000;
  TraverseVotes votes(layout, memory);
  if (layout.dialects.gc_head == GcHead::in_object) {
    const Address object = interpreter.symbol("PyBaseObject_Type").value_or(0);
    for (const InterpreterState& state : runtime.interpreters) {
      ask_subclasses(state, object, layout, memory, votes);
    }
    return votes.most();
  }
  const auto head_size = static_cast<Address>(layout[Fact::sizeof_PyGC_Head]);
  std::size_t looks = 0;
  for (const InterpreterState& state : runtime.interpreters) {
    // Oldest generation first: classes are old.
    std::vector<Address> heads{state.permanent};
    heads.insert(heads.end(), state.generations.rbegin(), state.generations.rend());
    for (const Address head : heads) {
      for (Address node = memory.value<Address>(head).value_or(0);
           node != head && node != 0 && !votes.enough() && looks < kMostLooks; ++looks) {
        const Address object = node + head_size;
        const Address type_at = object + static_cast<Address>(layout[Fact::PyObject_ob_type]);
        if (memory.value<Address>(type_at) == runtime.type_type) votes.ask(object);
        node = memory.value<Address>(node).value_or(0);
      }
    }
  }
  return votes.most();
}

// Type objects are known by their size; exceptions, which are not exported, by the pointers to
// them.
std::vector<Address> find_static_types(const Interpreter& interpreter, const Layout& layout,
                                       Memory& memory) {
  std::vector<Address> types;
  for (const auto& [name, symbol] : interpreter.image.symbols) {
    const Address at = interpreter.bias + symbol.value;
    if (symbol.size == static_cast<std::uint64_t>(layout[Fact::sizeof_PyTypeObject])) {
      types.push_back(at);
    } else if (symbol.size == sizeof(Address) && name.starts_with("PyExc_")) {
      types.push_back(memory.value<Address>(at).value_or(0));
    }
  }
  return types;
}

// Where a static variable of the interpreter's file stands, or in what to look for it.
AddressRange find_static(const Interpreter& interpreter, std::string_view name, Address size) {
  if (const auto at = interpreter.symbol(name)) return {*at, *at + size};
  const auto bss = interpreter.image.sections.find(".bss");
  if (bss == interpreter.image.sections.end()) return {};
  return {interpreter.bias + bss->second.begin, interpreter.bias + bss->second.end};
}

void find_shared(Runtime& runtime, const Interpreter& interpreter, const Layout& layout,
                 Memory& memory) {
  constexpr Address kHandlersSize = Address{65} * 16;  // NSIG of Linux; {int, pointer}
  const auto in_runtime = [&](Fact fact) {
    return interpreter.runtime.begin + static_cast<Address>(layout[fact]);
  };
  runtime.static_types = find_static_types(interpreter, layout, memory);
  if (layout.has(Fact::_PyRuntimeState_signals_handlers)) {
    const Address handlers = in_runtime(Fact::_PyRuntimeState_signals_handlers);
    runtime.signal_handlers = {handlers, handlers + kHandlersSize};
  } else {
    runtime.signal_handlers = find_static(interpreter, "Handlers", kHandlersSize);
  }
  if (layout.has(Fact::_PyRuntimeState_cached_objects_interned_strings)) {
    runtime.interned_table = in_runtime(Fact::_PyRuntimeState_cached_objects_interned_strings);
  } else {
    runtime.interned = find_static(interpreter, "interned", sizeof(Address));
  }
}

// What dicts that hold other keys than str have for dk_lookup (up to 3.10). It is local to
// dictobject.c, too; but the dict of a type's subclasses has their addresses for keys, and every
// process has those of `object`.
Address find_lookdict(const Interpreter& interpreter, const Layout& layout, Memory& memory) {
  if (!layout.has(Fact::PyDictKeysObject_dk_lookup)) return 0;
  const auto pointer = [&](Address base, Fact fact) {
    return memory.value<Address>(base + static_cast<Address>(layout[fact])).value_or(0);
  };
  const Address object = interpreter.symbol("PyBaseObject_Type").value_or(0);
  const Address subclasses = pointer(object, Fact::PyTypeObject_tp_subclasses);
  constexpr int kTries = 8;  // a running target may be giving it another table just now
  for (int i = 0; i < kTries; ++i) {
    const Address keys = pointer(subclasses, Fact::PyDictObject_ma_keys);
    const Address lookup = pointer(keys, Fact::PyDictKeysObject_dk_lookup);
    if (pointer(subclasses, Fact::PyDictObject_ma_keys) == keys) return lookup;
  }
  return 0;
}

// The collector's lists, and what else of its state is looked at.
void find_collector(InterpreterState& result, const Interpreter& interpreter, const Layout& layout,
                    Memory& memory) {
  const auto at = [&](Address base, Fact fact) {
    return base + static_cast<Address>(layout[fact]);
  };
  Address young = 0;
  if (layout.dialects.gc_head == GcHead::in_object) {
    // No lists: what is left of the generations are the young one's threshold and count, and sums.
    const Address gc = at(result.address, Fact::PyInterpreterState_gc);
    result.collecting = at(gc, Fact::_gc_runtime_state_collecting);
    result.garbage = at(gc, Fact::_gc_runtime_state_garbage);
    result.callbacks = at(gc, Fact::_gc_runtime_state_callbacks);
    const Address generations = at(gc, Fact::_gc_runtime_state_generations);
    for (int i = 0; i < kGenerations; ++i) {
      result.generations.push_back(generations +
                                   static_cast<Address>(i * layout[Fact::sizeof_gc_generation]));
    }
    return;
  }
  if (layout.has(Fact::_gc_runtime_state_generation0)) {
    const Address gc = layout.has(Fact::PyInterpreterState_gc)
                           ? at(result.address, Fact::PyInterpreterState_gc)
                           : at(interpreter.runtime.begin, Fact::_PyRuntimeState_gc);
    young = at(gc, Fact::_gc_runtime_state_generation0);
    result.permanent = at(gc, Fact::_gc_runtime_state_permanent_generation);
    result.collecting = at(gc, Fact::_gc_runtime_state_collecting);
    result.garbage = at(gc, Fact::_gc_runtime_state_garbage);
    result.callbacks = at(gc, Fact::_gc_runtime_state_callbacks);
  } else {
    young = generation0_at(interpreter).value_or(0);
    result.collecting = interpreter.symbol("collecting").value_or(0);
    result.garbage = interpreter.symbol("garbage").value_or(0);
    result.callbacks = interpreter.symbol("callbacks").value_or(0);
  }
  const Address generations = memory.value<Address>(young).value_or(0);
  for (int i = 0; i < kGenerations; ++i) {
    result.generations.push_back(generations +
                                 static_cast<Address>(i * layout[Fact::sizeof_gc_generation]));
  }
}

}  // namespace

Runtime read_runtime(const Interpreter& interpreter, const Layout& layout, Memory& memory) {
  const auto at = [&](Address base, Fact fact) {
    return base + static_cast<Address>(layout[fact]);
  };
  const auto pointer = [&](Address address) { return memory.value<Address>(address).value_or(0); };
  Runtime runtime;
  runtime.type_type = interpreter.symbol("PyType_Type").value_or(0);
  for (Address state = pointer(interpreters_head_at(interpreter, layout, memory));
       state != 0 && runtime.interpreters.size() < kMostInterpreters;
       state = pointer(at(state, Fact::PyInterpreterState_next))) {
    InterpreterState& result = runtime.interpreters.emplace_back();
    result.address = state;
    if (layout.has(Fact::PyInterpreterState_id)) {
      result.id = memory.value<std::int64_t>(at(state, Fact::PyInterpreterState_id)).value_or(-1);
    }
    // Up to 3.8 one collector serves all interpreters.
    const bool shared_collector = !layout.has(Fact::PyInterpreterState_gc);
    if (!shared_collector || runtime.interpreters.size() == 1) {
      find_collector(result, interpreter, layout, memory);
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
  // interp.next leads from the latest to the first.
  for (std::size_t i = 0;
       !layout.has(Fact::PyInterpreterState_id) && i < runtime.interpreters.size(); ++i) {
    runtime.interpreters[i].id = static_cast<std::int64_t>(runtime.interpreters.size() - 1 - i);
  }
  runtime.subtype_traverse = find_subtype_traverse(runtime, interpreter, layout, memory);
  find_shared(runtime, interpreter, layout, memory);
  // A static of a function: the compiler put a number behind its name.
  for (const auto& [name, symbol] : interpreter.image.symbols) {
    if (name.starts_with("cached_args")) {
      runtime.property_arguments = pointer(interpreter.bias + symbol.value);
    }
  }
  runtime.lookdict = find_lookdict(interpreter, layout, memory);
  return runtime;
}

bool collector_running(const Runtime& runtime, Memory& memory) {
  return std::any_of(runtime.interpreters.begin(), runtime.interpreters.end(),
                     [&](const InterpreterState& state) {
                       return state.collecting != 0 &&
                              memory.value<std::int32_t>(state.collecting).value_or(0) != 0;
                     });
}

}  // namespace heapglass
