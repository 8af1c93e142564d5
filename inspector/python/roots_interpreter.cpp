// What an interpreter's state holds (Include/internal/pycore_interp.h; interpreter_clear of
// Python/pystate.c lets go of the same). The state moves with every micro version and distribution,
// so a field counts only while it holds what it should: an object of the expected type.
#include <algorithm>
#include <array>

#include "inspector/python/bytes.h"
#include "inspector/python/dict_items.h"
#include "inspector/python/root_writer.h"
#include "inspector/python/text.h"

namespace heapglass {

namespace {

constexpr std::size_t kLongestName = 200;  // code points

struct Held {
  Fact fact;
  std::string_view type;  // of what stands there; empty: anything
  std::string_view name;
  int count = 1;  // of pointers in a row
};

constexpr int kMonitoringTools = 8, kMonitoringEvents = 17;  // pycore_interp.h
constexpr int kTypingTypes = 6;  // generic_type ... paramspeckwargs_type

constexpr Held kHeld[] = {
    {Fact::PyInterpreterState_imports_modules, "dict", "sys.modules"},
    {Fact::PyInterpreterState_imports_modules_by_index, "list", "modules by index"},
    {Fact::PyInterpreterState_imports_importlib, "module", "importlib"},
    {Fact::PyInterpreterState_imports_import_func, "", "import function"},
    {Fact::PyInterpreterState_imports_lazy_import_func, "", "lazy import function"},
    {Fact::PyInterpreterState_imports_lazy_imports_filter, "", "sys.set_lazy_imports_filter"},
    {Fact::PyInterpreterState_imports_lazy_modules, "", "sys.lazy_modules"},
    {Fact::PyInterpreterState_imports_lazy_pending_submodules, "dict", "lazy submodules"},
    {Fact::PyInterpreterState_sysdict, "dict", "sys.__dict__"},
    {Fact::PyInterpreterState_sysdict_copy, "dict", "copy of sys.__dict__"},
    {Fact::PyInterpreterState_builtins, "dict", "builtins.__dict__"},
    {Fact::PyInterpreterState_builtins_copy, "dict", "copy of builtins.__dict__"},
    {Fact::PyInterpreterState_dict, "dict", "interpreter dict"},
    {Fact::PyInterpreterState_codecs_search_path, "list", "codecs search functions"},
    {Fact::PyInterpreterState_codecs_search_cache, "dict", "codecs cache"},
    {Fact::PyInterpreterState_codecs_error_registry, "dict", "codecs error handlers"},
    {Fact::PyInterpreterState_before_forkers, "list", "os.register_at_fork before"},
    {Fact::PyInterpreterState_after_forkers_parent, "list", "os.register_at_fork after_in_parent"},
    {Fact::PyInterpreterState_after_forkers_child, "list", "os.register_at_fork after_in_child"},
    {Fact::PyInterpreterState_warnings_filters, "list", "warnings.filters"},
    {Fact::PyInterpreterState_warnings_once_registry, "dict", "warnings.onceregistry"},
    {Fact::PyInterpreterState_warnings_default_action, "str", "warnings.defaultaction"},
    {Fact::PyInterpreterState_audit_hooks, "list", "sys.addaudithook"},
    {Fact::PyInterpreterState_exc_state_errnomap, "dict", "errno map"},
    {Fact::PyInterpreterState_exc_state_PyExc_ExceptionGroup, "type", "ExceptionGroup"},
    {Fact::PyInterpreterState_xi_PyExc_NotShareableError, "type", "NotShareableError"},
    {Fact::PyInterpreterState_interpreter_trampoline, "code", "interpreter trampoline"},
    {Fact::PyInterpreterState_monitoring_callables, "", "sys.monitoring.register_callback",
     kMonitoringTools* kMonitoringEvents},
    {Fact::PyInterpreterState_monitoring_tool_names, "str", "sys.monitoring.use_tool_id",
     kMonitoringTools},
    {Fact::PyInterpreterState_cached_objects_str_replace_inf, "str", "ast cache"},
    {Fact::PyInterpreterState_cached_objects_generic_type, "type", "typing types", kTypingTypes},
};

class Reader {
 public:
  Reader(std::string_view prefix, const Decoders& decoders, RootWriter& writer)
      : prefix_(prefix), decoders_(decoders), writer_(writer) {}

  void add(Address to, RootKind kind, RootHold hold, std::string_view name) {
    writer_.add(to, kind, hold, std::string(prefix_).append(name));
  }

  // What is held in the struct at `state`.
  void held(Address state, const Held& held) {
    if (!decoders_.layout.has(held.fact)) return;
    held_at(state + static_cast<Address>(decoders_.layout[held.fact]), held);
  }

  void held_at(Address first, const Held& held) {
    const auto size = static_cast<std::size_t>(held.count) * sizeof(Address);
    const std::byte* pointers = decoders_.mirror.at(first, size);
    if (pointers == nullptr) return decoders_.unreadable(first, size);
    for (int i = 0; i < held.count; ++i) {
      const Address to = load_pointer(pointers, std::int64_t{8} * i);
      if (to != 0 && is_expected(to, held)) {
        add(to, RootKind::interpreter, RootHold::owned, held.name);
      }
    }
  }

  // Everything in sys.modules, by the name that it has there.
  void modules(Address dict) {
    const auto items = dict == 0 ? std::nullopt : dict_items(dict, decoders_);
    if (!items) return;
    for (std::uint64_t i = 0; i < items->count; ++i) {
      if (items->value(i) == 0) continue;
      const auto name =
          read_text(items->key(i), decoders_.layout, decoders_.mirror, kLongestName).value_or("?");
      add(items->value(i), RootKind::module, RootHold::borrowed, "module " + name);
    }
  }

  // atexit.register (Modules/atexitmodule.c), where its callbacks stand in the interpreter's state;
  // before, the module shows them.
  void atexit_callbacks(Address state) {
    const Layout& layout = decoders_.layout;
    if (!layout.has(Fact::PyInterpreterState_atexit_callbacks)) return;
    if (!layout.has(Fact::PyInterpreterState_atexit_ncallbacks)) {  // 3.14+
      held(state, {Fact::PyInterpreterState_atexit_callbacks, "list", "atexit callback"});
      return;
    }
    constexpr std::int32_t kMost = 1 << 20;
    const Address at =
        state + static_cast<Address>(layout[Fact::PyInterpreterState_atexit_callbacks]);
    const std::byte* fields = decoders_.mirror.at(at, sizeof(Address));
    const std::byte* number = decoders_.mirror.at(
        state + static_cast<Address>(layout[Fact::PyInterpreterState_atexit_ncallbacks]), 4);
    if (fields == nullptr || number == nullptr) return decoders_.unreadable(at);
    const Address callbacks = load_pointer(fields);
    const auto count = load<std::int32_t>(number);
    if (count == 0) return;
    if (count < 0 || count > kMost ||
        static_cast<std::uint64_t>(count) > decoders_.mirror.room(callbacks) / sizeof(Address)) {
      return decoders_.fault(Fault::absurd_size);
    }
    const auto size = static_cast<std::size_t>(count) * sizeof(Address);
    const std::byte* pointers = decoders_.mirror.at(callbacks, size);
    if (pointers == nullptr) return decoders_.unreadable(callbacks, size);
    for (std::int32_t i = 0; i < count; ++i) {
      // Null: atexit.unregister took it away.
      const Address callback = load_pointer(pointers, std::int64_t{8} * i);
      if (callback != 0) atexit_callback(callback);
    }
  }

  // The types of module _ast, where its state stands in the interpreter's.
  void ast(Address state) {
    const Layout& layout = decoders_.layout;
    if (!layout.has(Fact::PyInterpreterState_ast_AST_type)) return;
    const int bytes = layout[Fact::sizeof_ast_state] - layout[Fact::ast_state_AST_type];
    held(state, {Fact::PyInterpreterState_ast_AST_type, "", "ast",
                 bytes / static_cast<int>(sizeof(Address))});
  }

 private:
  bool is_expected(Address to, const Held& held) const {
    if (held.type.empty()) return true;
    const auto object = open_object(to, decoders_);
    if (!object) return false;
    return held.type == "type" ? object->type->is_type : object->type->name == held.type;
  }

  void atexit_callback(Address callback) {
    const Layout& layout = decoders_.layout;
    const std::byte* fields = decoders_.mirror.at(
        callback, static_cast<std::size_t>(layout[Fact::sizeof_atexit_py_callback]));
    if (fields == nullptr) return decoders_.unreadable(callback);
    for (const Fact fact : {Fact::atexit_py_callback_func, Fact::atexit_py_callback_args,
                            Fact::atexit_py_callback_kwargs}) {
      add(load_pointer(fields, layout[fact]), RootKind::interpreter, RootHold::owned,
          "atexit callback");
    }
  }

  std::string_view prefix_;
  const Decoders& decoders_;
  RootWriter& writer_;
};

}  // namespace

void add_interpreter_roots(const InterpreterState& state, std::string_view prefix,
                           const Decoders& decoders, RootWriter& writer) {
  Reader reader(prefix, decoders, writer);
  reader.modules(modules_of(state, decoders));
  for (const Held& held : kHeld) reader.held(state.address, held);
  reader.atexit_callbacks(state.address);
  reader.ast(state.address);
  // Up to 3.8 all interpreters share one collector, which the first one has.
  if (state.garbage != 0) reader.held_at(state.garbage, {Fact::count, "list", "gc.garbage"});
  if (state.callbacks != 0) reader.held_at(state.callbacks, {Fact::count, "list", "gc.callbacks"});
}

Address modules_of(const InterpreterState& state, const Decoders& decoders) {
  const std::byte* pointer = decoders.mirror.at(
      state.address +
          static_cast<Address>(decoders.layout[Fact::PyInterpreterState_imports_modules]),
      sizeof(Address));
  return pointer == nullptr ? 0 : load_pointer(pointer);
}

}  // namespace heapglass
