// What belongs to the runtime and not to one interpreter: signal handlers
// (Modules/signalmodule.c), interned strings (Objects/unicodeobject.c, PyUnicode_InternInPlace),
// and the type objects of the interpreter's file.
#include <algorithm>
#include <cstring>

#include "inspector/python/bytes.h"
#include "inspector/python/dict_items.h"
#include "inspector/python/root_writer.h"
#include "inspector/python/text.h"

namespace heapglass {

namespace {

// The bytes of a range, zeros where there are none: .bss may lie in several mappings.
std::vector<std::byte> read_range(AddressRange range, const Decoders& decoders) {
  constexpr std::uint64_t kMost = std::uint64_t{64} << 20;
  constexpr std::uint64_t kPage = 4096;
  std::vector<std::byte> bytes(std::min(range.size(), kMost));
  for (std::uint64_t at = 0; at < bytes.size();) {
    const std::uint64_t size = std::min(bytes.size() - at, kPage - (range.begin + at) % kPage);
    const std::byte* piece = decoders.mirror.at(range.begin + at, size);
    if (piece != nullptr) std::memcpy(bytes.data() + at, piece, size);
    at += size;
  }
  return bytes;
}

// Handlers[i] of signalmodule.c: {tripped, func}, one for each signal of Linux.
constexpr std::int64_t kHandler = 16, kFunction = 8, kSignals = 65;

// Whether that many bytes look like it. Nobody handles most signals, and nobody can handle SIGKILL:
// all these have the object that stands for SIG_DFL.
bool is_handler_table(const std::byte* table) {
  constexpr std::int64_t kKill = 9, kMostHandled = 24;
  const auto function = [&](std::int64_t i) {
    return load_pointer(table, i * kHandler + kFunction);
  };
  if (function(0) != 0 || function(kKill) == 0) return false;
  std::int64_t handled = 0;
  for (std::int64_t i = 1; i < kSignals; ++i) {
    if (load<std::uint64_t>(table, i * kHandler) > 1 || function(i) == 0) return false;
    if (function(i) != function(kKill) && ++handled > kMostHandled) return false;
  }
  return true;
}

// Where among these bytes it stands; null: nowhere.
const std::byte* find_handler_table(const std::vector<std::byte>& among) {
  constexpr std::size_t kSize = kSignals * kHandler;
  for (std::size_t at = 0; at + kSize <= among.size(); at += sizeof(Address)) {
    if (among.size() == kSize || is_handler_table(among.data() + at)) return among.data() + at;
  }
  return nullptr;
}

void add_signal_handlers(const Runtime& runtime, const Decoders& decoders, RootWriter& writer) {
  const std::vector<std::byte> among = read_range(runtime.signal_handlers, decoders);
  const std::byte* table = find_handler_table(among);
  if (table == nullptr) return;
  for (std::int64_t i = 1; i < kSignals; ++i) {
    const Address function = load_pointer(table, i * kHandler + kFunction);
    const auto object = function == 0 ? std::nullopt : open_object(function, decoders);
    // Numbers stand for SIG_DFL and SIG_IGN, None for a handler of C's.
    if (!object || object->type->name == "int" || object->type->name == "NoneType") continue;
    const char* name = sigabbrev_np(static_cast<int>(i));
    writer.add(
        function, RootKind::interpreter, RootHold::owned,
        "signal handler " + (name == nullptr ? std::to_string(i) : "SIG" + std::string(name)));
  }
}

constexpr std::string_view kInterned = "interned strings";

// {str: str}; neither reference is counted.
void add_interned_dict(Address dict, const Decoders& decoders, RootWriter& writer) {
  const auto items = dict == 0 ? std::nullopt : dict_items(dict, decoders);
  if (!items) return;
  writer.add(dict, RootKind::interned, RootHold::owned, kInterned);
  writer.add_uncounted(dict);
  for (std::uint64_t i = 0; i < items->count; ++i) {
    if (items->value(i) != 0) {
      writer.add(items->value(i), RootKind::interned, RootHold::borrowed, kInterned);
    }
  }
}

// Only the dict of interned strings has them under themselves.
bool is_interned_dict(Address dict, const Decoders& decoders) {
  constexpr std::uint64_t kEnough = 16;
  const auto items = dict_items(dict, decoders);
  if (!items) return false;
  std::uint64_t seen = 0;
  for (std::uint64_t i = 0; i < items->count && seen < kEnough; ++i) {
    if (items->value(i) == 0) continue;
    if (items->value(i) != items->key(i)) return false;
    const auto text = text_shape(items->key(i), decoders.layout, decoders.mirror);
    if (!text || text->interned == 0) return false;
    ++seen;
  }
  return seen == kEnough;
}

// Which dict it is that a word of runtime.interned points to; 0: none.
Address find_interned_dict(const Runtime& runtime, const Decoders& decoders) {
  if (runtime.interned.size() == 0 || runtime.interpreters.empty()) return 0;
  // What is a dict is known by the type of one.
  const auto modules = open_object(modules_of(runtime.interpreters.front(), decoders), decoders);
  if (!modules) return 0;
  const std::vector<std::byte> words = read_range(runtime.interned, decoders);
  const Layout& layout = decoders.layout;
  for (std::size_t at = 0; at + sizeof(Address) <= words.size(); at += sizeof(Address)) {
    const Address dict = load_pointer(words.data() + at);
    if (dict == 0 || dict % sizeof(Address) != 0) continue;
    const std::byte* head =
        decoders.mirror.at(dict, static_cast<std::size_t>(layout[Fact::sizeof_PyObject]));
    if (head != nullptr &&
        load_pointer(head, layout[Fact::PyObject_ob_type]) == modules->type->address &&
        is_interned_dict(dict, decoders)) {
      return dict;
    }
  }
  return 0;
}

// _Py_hashtable_t (Python/hashtable.c), of the strings in the interpreter's file.
void add_interned_table(Address table, const Decoders& decoders, RootWriter& writer) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 20;
  const Layout& layout = decoders.layout;
  const std::byte* head =
      decoders.mirror.at(table, static_cast<std::size_t>(layout[Fact::sizeof__Py_hashtable_t]));
  if (head == nullptr) return decoders.unreadable(table);
  const auto buckets = load<std::uint64_t>(head, layout[Fact::_Py_hashtable_t_nbuckets]);
  const auto entries = load<std::uint64_t>(head, layout[Fact::_Py_hashtable_t_nentries]);
  if (buckets > kMost || entries > kMost) return decoders.fault(Fault::absurd_size);
  const Address first = load_pointer(head, layout[Fact::_Py_hashtable_t_buckets]);
  const std::byte* heads = decoders.mirror.at(first, buckets * sizeof(Address));
  if (heads == nullptr) return decoders.unreadable(first, buckets * sizeof(Address));
  const auto entry_size = static_cast<std::size_t>(layout[Fact::sizeof__Py_hashtable_entry_t]);
  std::uint64_t seen = 0;
  for (std::uint64_t i = 0; i < buckets; ++i) {
    Address entry = load_pointer(heads, static_cast<std::int64_t>(i * sizeof(Address)));
    while (entry != 0) {
      const std::byte* fields = decoders.mirror.at(entry, entry_size);
      if (fields == nullptr) return decoders.unreadable(entry);
      if (++seen > entries) return decoders.fault(Fault::broken_chain);
      writer.add(load_pointer(fields, layout[Fact::_Py_hashtable_entry_t_key]), RootKind::interned,
                 RootHold::borrowed, kInterned);
      entry = load_pointer(fields);  // _Py_slist_item.next
    }
  }
}

Address pointer_at(Address address, const Decoders& decoders) {
  const std::byte* bytes = address == 0 ? nullptr : decoders.mirror.at(address, sizeof(Address));
  return bytes == nullptr ? 0 : load_pointer(bytes);
}

// Of the file's symbols, and of the table that the first interpreter has of them.
void add_static_types(const Runtime& runtime, const Decoders& decoders, RootWriter& writer) {
  const Layout& layout = decoders.layout;
  std::vector<Address> types = runtime.static_types;
  if (!decoders.static_type_states.empty()) {
    const AddressRange table = decoders.static_type_states.front();
    const auto size = static_cast<Address>(layout[Fact::sizeof_managed_static_type_state]);
    for (Address state = table.begin; state + size <= table.end; state += size) {
      const Address type = pointer_at(
          state + static_cast<Address>(layout[Fact::managed_static_type_state_type]), decoders);
      if (type == 0) break;
      types.push_back(type);
    }
  }
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  for (const Address address : types) {
    const TypeInfo* type = decoders.types.resolve(address);
    if (type == nullptr || type->heap) continue;
    writer.add(address, RootKind::static_type, RootHold::owned, "static type " + type->name);
  }
}

}  // namespace

void add_shared_roots(const Runtime& runtime, const Decoders& decoders, RootWriter& writer) {
  const Layout& layout = decoders.layout;
  add_signal_handlers(runtime, decoders, writer);
  add_interned_dict(find_interned_dict(runtime, decoders), decoders, writer);
  if (layout.has(Fact::PyInterpreterState_cached_objects_interned_strings)) {
    for (const InterpreterState& state : runtime.interpreters) {
      const Address at =
          state.address +
          static_cast<Address>(layout[Fact::PyInterpreterState_cached_objects_interned_strings]);
      add_interned_dict(pointer_at(at, decoders), decoders, writer);
    }
  }
  if (runtime.interned_table != 0) {
    const Address table = pointer_at(runtime.interned_table, decoders);
    if (table != 0) add_interned_table(table, decoders, writer);
  }
  add_static_types(runtime, decoders, writer);
}

}  // namespace heapglass
