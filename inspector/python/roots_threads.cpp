// What a thread's state holds (PyThreadState; Python/pystate.c, PyThreadState_Clear lets go of the
// same), and its frames. Threads have their names from threading's own table.
#include <array>
#include <cinttypes>
#include <cstdio>

#include "inspector/python/bytes.h"
#include "inspector/python/dict_items.h"
#include "inspector/python/integer.h"
#include "inspector/python/root_writer.h"
#include "inspector/python/roots_frames.h"
#include "inspector/python/text.h"

namespace heapglass {

namespace {

constexpr std::size_t kMostThreads = std::size_t{1} << 16;
constexpr std::size_t kMostHandled = std::size_t{1} << 16;  // exceptions being handled, of a thread
constexpr std::size_t kLongestName = 100;                   // code points

struct Held {
  Fact fact;
  std::string_view name;
};
constexpr Held kHeld[] = {
    {Fact::PyThreadState_dict, "thread-locals"},
    {Fact::PyThreadState_context, "context"},
    {Fact::PyThreadState_current_exception, "raised exception"},
    {Fact::PyThreadState_curexc_type, "raised exception"},
    {Fact::PyThreadState_curexc_value, "raised exception"},
    {Fact::PyThreadState_curexc_traceback, "raised exception"},
    {Fact::PyThreadState_exc_state_exc_type, "handled exception"},
    {Fact::PyThreadState_exc_state_exc_value, "handled exception"},
    {Fact::PyThreadState_exc_state_exc_traceback, "handled exception"},
    {Fact::PyThreadState_async_exc, "asynchronous exception"},
    {Fact::PyThreadState_c_profileobj, "sys.setprofile"},
    {Fact::PyThreadState_c_traceobj, "sys.settrace"},
    {Fact::PyThreadState_async_gen_firstiter, "sys.set_asyncgen_hooks firstiter"},
    {Fact::PyThreadState_async_gen_finalizer, "sys.set_asyncgen_hooks finalizer"},
    {Fact::PyThreadState_on_delete_data, "lock to join it"},
    {Fact::PyThreadState_threading_local_key, "key of thread-locals"},
    {Fact::PyThreadState_threading_local_sentinel, "sentinel of thread-locals"},
    {Fact::_PyThreadStateImpl_asyncio_running_loop, "running event loop"},
};

// threading.get_ident() -> the Thread object, for as far as `threading` was imported.
std::unordered_map<std::uint64_t, Address> known_threads(Address modules,
                                                         const Decoders& decoders) {
  std::unordered_map<std::uint64_t, Address> threads;
  const Layout& layout = decoders.layout;
  const Address module = dict_value(modules, "threading", decoders);
  const auto object = module == 0 ? std::nullopt : open_object(module, decoders);
  if (!object || object->type->shape != Shape::module) return threads;
  const Address globals = load_pointer(object->body, layout[Fact::PyModuleObject_md_dict]);
  const Address active = dict_value(globals, "_active", decoders);
  const auto items = active == 0 ? std::nullopt : dict_items(active, decoders);
  if (!items) return threads;
  for (std::uint64_t i = 0; i < items->count && threads.size() < kMostThreads; ++i) {
    if (items->value(i) == 0) continue;
    const auto ident = read_number(items->key(i), layout, decoders.mirror);
    if (ident) threads.emplace(*ident, items->value(i));
  }
  return threads;
}

class Reader {
 public:
  Reader(const InterpreterState& state, std::string_view prefix, const Decoders& decoders,
         RootWriter& writer)
      : prefix_(prefix),
        decoders_(decoders),
        writer_(writer),
        frames_(decoders, writer),
        threads_(known_threads(modules_of(state, decoders), decoders)) {}

  void read(Address thread) {
    const std::string label = label_of(thread);
    for (const Held& held : kHeld) {
      if (!decoders_.layout.has(held.fact)) continue;
      add(pointer(thread, held.fact), RootHold::owned, label + " " + std::string(held.name));
    }
    handled_exceptions(thread, label);
    frames_.read(thread, label);
  }

  Address pointer(Address base, Fact fact) const {
    const Address at = base + static_cast<Address>(decoders_.layout[fact]);
    const std::byte* bytes = decoders_.mirror.at(at, sizeof(Address));
    if (bytes == nullptr) decoders_.unreadable(at);
    return bytes == nullptr ? 0 : load_pointer(bytes);
  }

 private:
  // None stands for nothing here: no exception is handled.
  void add(Address to, RootHold hold, std::string_view name) {
    const auto object = to == 0 ? std::nullopt : open_object(to, decoders_);
    if (object && object->type->name != "NoneType") writer_.add(to, RootKind::thread, hold, name);
  }

  // `thread 4711 "worker-3"`
  std::string label_of(Address thread) const {
    const Layout& layout = decoders_.layout;
    const std::uint64_t ident = pointer(thread, Fact::PyThreadState_thread_id);
    std::uint64_t native = layout.has(Fact::PyThreadState_native_thread_id)
                               ? pointer(thread, Fact::PyThreadState_native_thread_id)
                               : 0;
    std::optional<std::string> name;
    if (const auto known = threads_.find(ident); known != threads_.end()) {
      const auto text = [&](Address address) {
        return read_text(address, layout, decoders_.mirror, kLongestName);
      };
      if (const Address at = attribute(known->second, "_name", decoders_)) name = text(at);
      const Address number = native == 0 ? attribute(known->second, "_native_id", decoders_) : 0;
      if (number != 0) native = read_number(number, layout, decoders_.mirror).value_or(0);
    }
    std::string label(prefix_);
    label += "thread ";
    if (native != 0) {
      label += std::to_string(native);
    } else {
      std::array<char, 20> hex{};
      std::snprintf(hex.data(), hex.size(), "0x%" PRIx64, ident);
      label += hex.data();
    }
    if (name) label += " \"" + *name + "\"";
    return label;
  }

  // exc_info: the innermost of a chain that ends in the thread's own exc_state; the others are
  // those of generators that run, and show what they have.
  void handled_exceptions(Address thread, const std::string& label) {
    const Layout& layout = decoders_.layout;
    if (!layout.has(Fact::PyThreadState_exc_info)) return;
    const Address last = thread + static_cast<Address>(layout[Fact::PyThreadState_exc_state]);
    Address item = pointer(thread, Fact::PyThreadState_exc_info);
    for (std::size_t i = 0; item != 0 && item != last; ++i) {
      if (i == kMostHandled) return decoders_.fault(Fault::broken_chain);
      add(pointer(item, Fact::_PyErr_StackItem_exc_value), RootHold::borrowed,
          label + " handled exception");
      item = pointer(item, Fact::_PyErr_StackItem_previous_item);
    }
  }

  std::string_view prefix_;
  const Decoders& decoders_;
  RootWriter& writer_;
  FrameReader frames_;
  std::unordered_map<std::uint64_t, Address> threads_;
};

}  // namespace

void add_thread_roots(const InterpreterState& state, std::string_view prefix,
                      const Decoders& decoders, RootWriter& writer) {
  Reader reader(state, prefix, decoders, writer);
  std::unordered_set<Address> seen;
  for (Address thread = reader.pointer(state.address, Fact::PyInterpreterState_threads_head);
       thread != 0; thread = reader.pointer(thread, Fact::PyThreadState_next)) {
    if (seen.size() == kMostThreads || !seen.insert(thread).second) {
      return decoders.fault(Fault::broken_chain);
    }
    reader.read(thread);
  }
}

}  // namespace heapglass
