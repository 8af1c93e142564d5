#include "symbols/runtime_facts.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "symbols/managed_dict_code.h"
#include "symbols/static_state.h"

namespace heapglass {

namespace {

constexpr std::size_t kWord = sizeof(Address);
constexpr int kMostInterpreters = 1024;
constexpr std::size_t kMostState = 1 << 20;  // bytes of an interpreter's state that are searched

template <class... Parts>
std::string say(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}
std::string hex(Address address) {
  std::ostringstream out;
  out << "0x" << std::hex << address;
  return out.str();
}

class Verifier {
 public:
  Verifier(Layout& layout, Interpreter& interpreter, Memory& memory)
      : layout_(layout), interpreter_(interpreter), memory_(memory) {}

  std::vector<LayoutCheck> run() {
    if (!check_types()) return checks_;
    if (!find_interpreter_state()) return checks_;
    read_state();
    if (!find_threads() || !find_collector() || !find_sysdict() || !check_hexversion()) {
      return checks_;
    }
    find_static_type_states();
    find_what_managed_dicts_show();
    return checks_;
  }

 private:
  bool note(std::string name, bool passed, std::string detail) {
    checks_.push_back({std::move(name), passed, std::move(detail)});
    return passed;
  }
  Address pointer(Address at) { return memory_.value<Address>(at).value_or(0); }
  bool has(Fact fact) const { return layout_.has(fact); }
  Address at(Address base, Fact fact) const { return base + static_cast<Address>(layout_[fact]); }
  void settle(Fact fact, std::size_t offset) {
    if (has(fact) && layout_[fact] == static_cast<std::int32_t>(offset)) return;
    layout_.set(fact, static_cast<std::int32_t>(offset), FactSource::probe);
  }

  // The static types that every build exports, against the sizes of the layout.
  bool check_types() {
    const auto type_type = interpreter_.symbol("PyType_Type");
    if (!type_type) return note("symbol PyType_Type", false, "the interpreter does not export it");
    type_type_ = *type_type;
    const Address type_of_type = pointer(at(type_type_, Fact::PyObject_ob_type));
    if (!note("type(type) is type", type_of_type == type_type_,
              say("ob_type ", hex(type_of_type), " at ", hex(type_type_)))) {
      return false;
    }
    static constexpr std::pair<std::string_view, Fact> kSizes[] = {
        {"PyType_Type", Fact::sizeof_PyHeapTypeObject},
        {"PyList_Type", Fact::sizeof_PyListObject},
        {"PyDict_Type", Fact::sizeof_PyDictObject},
        {"PySet_Type", Fact::sizeof_PySetObject},
        {"PyUnicode_Type", Fact::sizeof_PyUnicodeObject},
        {"PyFloat_Type", Fact::sizeof_PyFloatObject},
        {"PyFunction_Type", Fact::sizeof_PyFunctionObject},
        {"PyModule_Type", Fact::sizeof_PyModuleObject},
        {"PyProperty_Type", Fact::sizeof_propertyobject},
        {"PyByteArray_Type", Fact::sizeof_PyByteArrayObject},
        {"PyCell_Type", Fact::sizeof_PyCellObject},
        {"PyTraceBack_Type", Fact::sizeof_PyTracebackObject},
    };
    for (const auto& [name, fact] : kSizes) {
      const auto type = interpreter_.symbol(name);
      if (!type || !has(fact)) continue;
      const auto size =
          static_cast<std::int64_t>(pointer(at(*type, Fact::PyTypeObject_tp_basicsize)));
      if (size != layout_[fact]) {
        return note(say(name, ".tp_basicsize"), false,
                    say(size, ", the layout has ", layout_[fact]));
      }
    }
    return note("tp_basicsize of the core types", true, say(std::size(kSizes), " compared"));
  }

  bool is_interpreter_state(Address state) {
    if (state == 0 || state % kWord != 0 || !has(Fact::PyInterpreterState_threads_head))
      return false;
    return is_thread_of(pointer(at(state, Fact::PyInterpreterState_threads_head)), state);
  }
  // The first interpreter with a thread from `head` on; 0: none. Sub-interpreters that nothing runs
  // in have none, and new ones come first; the main one always has.
  Address first_with_thread(Address head) {
    for (int i = 0; i < kMostInterpreters && head != 0 && head % kWord == 0; ++i) {
      if (is_interpreter_state(head)) return head;
      head = pointer(at(head, Fact::PyInterpreterState_next));
    }
    return 0;
  }
  bool is_thread_of(Address thread, Address state) {
    return thread != 0 && thread % kWord == 0 &&
           pointer(at(thread, Fact::PyThreadState_interp)) == state;
  }

  // Where there is no runtime's state: a variable of its own.
  bool find_static_interpreter_state() {
    const Address head = interpreters_head_at(interpreter_, layout_, memory_);
    if (head == 0) return note("_PyRuntime", false, "neither symbol nor section found");
    state_ = first_with_thread(pointer(head));
    return note("interp_head", state_ != 0, say(hex(state_), ", by the variable at ", hex(head)));
  }

  bool find_interpreter_state() {
    const Address runtime = interpreter_.runtime.begin;
    if (runtime == 0) return find_static_interpreter_state();
    if (has(Fact::_PyRuntimeState_interpreters_head)) {
      state_ = first_with_thread(pointer(at(runtime, Fact::_PyRuntimeState_interpreters_head)));
      if (state_ != 0) {
        return note("interpreters.head", true, say(hex(state_), ", from the file"));
      }
    }
    // A word of _PyRuntime that points to a state: something in it points to a thread state that
    // points back. The first such word is interpreters.head, the second interpreters.main.
    std::vector<std::byte> bytes(std::min<std::size_t>(interpreter_.runtime.size(), kMostState));
    if (!memory_.read(runtime, bytes.data(), bytes.size())) {
      return note("interpreters.head", false, "_PyRuntime is not readable");
    }
    // Where the first is one without a thread, it leads to the second.
    Address last = 0, before = 0, candidate = 0;
    for (std::size_t offset = 0; offset + kWord <= bytes.size(); offset += kWord) {
      before = candidate;
      std::memcpy(&candidate, bytes.data() + offset, kWord);
      if (candidate == 0 || candidate % kWord != 0 || candidate == last) continue;
      last = candidate;
      if (!thread_offset(candidate)) continue;
      state_ = candidate;
      if (leads_to(before, state_)) offset -= kWord;
      settle(Fact::_PyRuntimeState_interpreters_head, offset);
      return note("interpreters.head", true, say(hex(state_), ", probed at +", offset));
    }
    return note("interpreters.head", false,
                "no word of _PyRuntime points to an interpreter's state");
  }

  bool leads_to(Address head, Address state) {
    for (int i = 0; i < kMostInterpreters && head != 0 && head % kWord == 0 && head >> 47 == 0;
         ++i) {
      head = pointer(at(head, Fact::PyInterpreterState_next));
      if (head == state) return true;
    }
    return false;
  }

  // Where in the state at `state` a pointer to one of its threads stands.
  std::optional<std::size_t> thread_offset(Address state) {
    constexpr std::size_t kReach = std::size_t{16}
                                   << 10;  // threads.head stands early, before the big tables
    const std::vector<Address> words = read_words(state, kReach);
    std::vector<Address> back(words.size());
    std::vector<ReadRequest> requests;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == 0 || words[i] % kWord != 0 || words[i] >> 47) continue;
      requests.push_back({at(words[i], Fact::PyThreadState_interp), &back[i], kWord, false});
    }
    memory_.read(requests);
    for (std::size_t i = 0; i < words.size(); ++i) {
      // A thread state, not the state's own address by chance in a table of itself.
      if (back[i] == state && words[i] != state && plausible_thread(words[i])) return i * kWord;
    }
    return std::nullopt;
  }
  bool plausible_thread(Address thread) {
    const Address next = pointer(at(thread, Fact::PyThreadState_next));
    const Address previous = pointer(at(thread, Fact::PyThreadState_prev));
    return previous == 0 && (next == 0 || pointer(at(next, Fact::PyThreadState_prev)) == thread);
  }

  // As many words as can be read, in pages, at most `limit` bytes.
  std::vector<Address> read_words(Address begin, std::size_t limit) {
    constexpr std::size_t kStep = 4096;
    std::vector<Address> words;
    for (std::size_t done = 0; done < limit;) {
      const std::size_t size = std::min<std::size_t>(
          kStep - static_cast<std::size_t>((begin + done) % kStep), limit - done);
      const std::size_t before = words.size();
      words.resize(before + size / kWord);
      if (!memory_.read(begin + done, words.data() + before, size / kWord * kWord)) {
        words.resize(before);
        break;
      }
      done += size;
    }
    return words;
  }

  void read_state() { words_ = read_words(state_, kMostState); }

  bool find_threads() {
    if (is_interpreter_state(state_)) return note("threads.head", true, "points back");
    const auto offset = thread_offset(state_);
    if (!offset) return note("threads.head", false, "no thread state points back");
    settle(Fact::PyInterpreterState_threads_head, *offset);
    return note("threads.head", true, say("probed at +", *offset));
  }

  bool is_collector(Address gc) {
    constexpr int kGenerations = 3;
    const Address pointer_at = at(gc, Fact::_gc_runtime_state_generation0);
    const Address generation0 = pointer(pointer_at);
    // The generations end where the next field stands, or where Debian's 3.13 has four bytes of
    // padding before it.
    const Address end =
        generation0 + static_cast<Address>(kGenerations * layout_[Fact::sizeof_gc_generation]);
    const Address next = std::min(pointer_at, at(gc, Fact::_gc_runtime_state_permanent_generation));
    if (end > next || end + kWord <= next) return false;
    // A list that is being changed may look torn; the old ones hardly ever are.
    for (int i = kGenerations - 1; i >= 0; --i) {
      const Address head =
          generation0 + static_cast<Address>(i * layout_[Fact::sizeof_gc_generation]);
      const Address first = pointer(at(head, Fact::PyGC_Head__gc_next));
      if (first != 0 && (pointer(at(first, Fact::PyGC_Head__gc_prev)) & ~Address{3}) == head)
        return true;
    }
    return false;
  }

  // Heads of 24 bytes and of 32 are about, by version and by patch: in which one does a type follow
  // where the first objects of the oldest generation have theirs? gc_generation ends in two ints,
  // and where heads are aligned to 16 bytes so are the allocator's blocks (bpo-27987).
  bool calibrate_gc_head(Address generation0) {
    constexpr int kGenerations = 3, kShort = 24, kLong = 32;
    const auto fits = [&](int size, int generation) {
      const Address head = generation0 + static_cast<Address>((kGenerations - 1) * generation);
      const Address node = pointer(at(head, Fact::PyGC_Head__gc_next));
      const Address type = pointer(at(node + static_cast<Address>(size), Fact::PyObject_ob_type));
      return node != 0 && pointer(at(node, Fact::PyGC_Head__gc_prev)) == head &&
             pointer(at(type, Fact::PyObject_ob_type)) == type_type_;
    };
    const std::array<int, 2> sizes = layout_[Fact::sizeof_PyGC_Head] == kShort
                                         ? std::array{kShort, kLong}
                                         : std::array{kLong, kShort};
    for (const int size : sizes) {
      const int alignment = size == kShort ? 8 : 16;
      const int generation = size + alignment;
      if (!fits(size, generation)) continue;
      settle(Fact::sizeof_PyGC_Head, static_cast<std::size_t>(size));
      settle(Fact::sizeof_gc_generation, static_cast<std::size_t>(generation));
      settle(Fact::pymalloc_ALIGNMENT, static_cast<std::size_t>(alignment));
      return note("PyGC_Head", true, say(size, " bytes"));
    }
    return note("PyGC_Head", false, "the oldest generation has no object behind a known head");
  }

  bool is_list(Address object) {
    return list_type_ != 0 && object != 0 && object % kWord == 0 &&
           pointer(at(object, Fact::PyObject_ob_type)) == list_type_;
  }
  // Where the collector has no lists, it is known by gc.garbage and gc.callbacks.
  bool find_collector_without_lists() {
    list_type_ = interpreter_.symbol("PyList_Type").value_or(0);
    const auto fits = [&](Address gc) {
      return is_list(pointer(at(gc, Fact::_gc_runtime_state_garbage))) &&
             is_list(pointer(at(gc, Fact::_gc_runtime_state_callbacks)));
    };
    constexpr Fact kFact = Fact::PyInterpreterState_gc;
    if (has(kFact) && fits(at(state_, kFact))) {
      return note("gc", true, "has gc.garbage and gc.callbacks, from the file");
    }
    const auto back = static_cast<Address>(layout_[Fact::_gc_runtime_state_garbage]);
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (i * kWord < back || !is_list(words_[i]) || !fits(state_ + i * kWord - back)) continue;
      settle(kFact, i * kWord - back);
      return note("gc", true, say("probed at +", i * kWord - back));
    }
    return note("gc", false, "no gc.garbage beside gc.callbacks in the interpreter's state");
  }

  bool find_static_collector() {
    const auto variable = generation0_at(interpreter_);
    if (!variable) return note("_PyGC_generation0", false, "the interpreter does not export it");
    return calibrate_gc_head(pointer(*variable));
  }

  // Up to 3.8 the collector's state is in the runtime, then in the interpreter.
  bool find_collector() {
    if (interpreter_.runtime.begin == 0) return find_static_collector();
    if (layout_.dialects.gc_head == GcHead::in_object) return find_collector_without_lists();
    const bool shared = has(Fact::_PyRuntimeState_gc) && !has(Fact::PyInterpreterState_gc);
    const Fact fact = shared ? Fact::_PyRuntimeState_gc : Fact::PyInterpreterState_gc;
    const Address base = shared ? interpreter_.runtime.begin : state_;
    if (has(fact) && is_collector(at(base, fact))) {
      return note("gc", true, "generation0 points to the lists before it, from the file");
    }
    const std::vector<Address> words =
        shared ? read_words(base, std::min<std::size_t>(interpreter_.runtime.size(), kMostState))
               : words_;
    const auto back = layout_[Fact::_gc_runtime_state_generation0];
    for (std::size_t i = 0; i < words.size(); ++i) {
      const Address word_at = base + i * kWord;
      const Address gc = word_at - static_cast<Address>(back);
      if (words[i] >= word_at || words[i] < gc || !is_collector(gc)) continue;
      settle(fact, static_cast<std::size_t>(gc - base));
      return note("gc", true, say("probed at +", gc - base));
    }
    return note("gc", false, "no collector's state where it should be");
  }

  // ma_keys of a dict that has `key`: enough of a look-up to recognise sys.__dict__.
  Address value_of(Address dict, std::string_view key) {
    const Address keys = pointer(at(dict, Fact::PyDictObject_ma_keys));
    const auto entries =
        memory_.value<std::int64_t>(at(keys, Fact::PyDictKeysObject_dk_nentries)).value_or(0);
    if (entries <= 0 || entries > 4096) return 0;
    std::int64_t before = 0, stride = layout_[Fact::sizeof_PyDictKeyEntry];
    Fact key_fact = Fact::PyDictKeyEntry_me_key, value_fact = Fact::PyDictKeyEntry_me_value;
    if (has(Fact::PyDictKeysObject_dk_log2_size)) {
      const auto log2 =
          memory_.value<std::uint8_t>(at(keys, Fact::PyDictKeysObject_dk_log2_index_bytes))
              .value_or(63);
      if (log2 > 24) return 0;
      before = std::int64_t{1} << log2;
      if (memory_.value<std::uint8_t>(at(keys, Fact::PyDictKeysObject_dk_kind)).value_or(0) != 0) {
        stride = layout_[Fact::sizeof_PyDictUnicodeEntry];
        key_fact = Fact::PyDictUnicodeEntry_me_key;
        value_fact = Fact::PyDictUnicodeEntry_me_value;
      }
    } else {
      const auto size =
          memory_.value<std::int64_t>(at(keys, Fact::PyDictKeysObject_dk_size)).value_or(0);
      before = size <= 0xff ? size : size <= 0xffff ? size * 2 : 0;
    }
    const Address first =
        at(keys, Fact::PyDictKeysObject_dk_indices) + static_cast<Address>(before);
    for (std::int64_t i = 0; i < entries; ++i) {
      const Address entry = first + static_cast<Address>(i * stride);
      const Address name = pointer(at(entry, key_fact));
      if (name == 0 ||
          memory_.value<std::uint64_t>(at(name, Fact::PyASCIIObject_length)).value_or(0) !=
              key.size()) {
        continue;
      }
      std::string text(key.size(), '\0');
      if (memory_.read(name + static_cast<Address>(layout_[Fact::sizeof_PyASCIIObject]),
                       text.data(), text.size()) &&
          text == key) {
        return pointer(at(entry, value_fact));
      }
    }
    return 0;
  }

  bool is_sysdict(Address dict) {
    const auto dict_type = interpreter_.symbol("PyDict_Type");
    return dict_type && dict != 0 && pointer(at(dict, Fact::PyObject_ob_type)) == *dict_type &&
           value_of(dict, "modules") != 0 && value_of(dict, "hexversion") != 0;
  }

  bool find_sysdict() {
    if (has(Fact::PyInterpreterState_sysdict)) {
      sysdict_ = pointer(at(state_, Fact::PyInterpreterState_sysdict));
      if (is_sysdict(sysdict_)) return note("sysdict", true, "has 'modules', from the file");
    }
    // One read for all words that could be objects: whose type is dict?
    const auto dict_type = interpreter_.symbol("PyDict_Type").value_or(0);
    std::vector<Address> types(words_.size());
    std::vector<ReadRequest> requests;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i] == 0 || words_[i] % kWord != 0 || words_[i] >> 47) continue;
      requests.push_back({at(words_[i], Fact::PyObject_ob_type), &types[i], kWord, false});
    }
    memory_.read(requests);
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (types[i] != dict_type || dict_type == 0 || !is_sysdict(words_[i])) continue;
      sysdict_ = words_[i];
      settle(Fact::PyInterpreterState_sysdict, i * kWord);
      return note("sysdict", true, say("probed at +", i * kWord));
    }
    return note("sysdict", false, "no dict with 'modules' in the interpreter's state");
  }

  // sys.hexversion: the exact version, and that ints are read right.
  bool check_hexversion() {
    const Address number = value_of(sysdict_, "hexversion");
    const auto low =
        memory_.value<std::uint32_t>(at(number, Fact::PyLongObject_long_value_ob_digit))
            .value_or(0);
    PythonVersion& version = interpreter_.version;
    const int major = static_cast<int>(low >> 24 & 0xff),
              minor = static_cast<int>(low >> 16 & 0xff);
    const int micro = static_cast<int>(low >> 8 & 0xff);
    if (version.micro < 0 && major == version.major && minor == version.minor) {
      version.micro = micro;
      interpreter_.version_source = "sys.hexversion";
    }
    const bool same = major == version.major && minor == version.minor && micro == version.micro;
    return note(
        "sys.hexversion", same,
        same ? version.text() : say(major, ".", minor, ".", micro, ", expected ", version.text()));
  }

  // Where static builtin types have their __dict__, for the interpreters that keep it apart.
  void find_static_type_states() {
    if (layout_.dialects.static_types != StaticTypes::per_interpreter) return;
    const Address number = pointer(at(type_type_, Fact::PyTypeObject_tp_subclasses));
    const auto size = static_cast<Address>(layout_[Fact::sizeof_managed_static_type_state]);
    const auto entry_ok = [&](std::size_t offset) {
      return number != 0 && pointer(at(state_ + offset + (number - 1) * size,
                                       Fact::managed_static_type_state_type)) == type_type_;
    };
    constexpr Fact kFact = Fact::PyInterpreterState_types_builtins_initialized;
    if (has(kFact) && entry_ok(static_cast<std::size_t>(layout_[kFact]))) {
      note("types.builtins", true, say("type stands at index ", number - 1, ", from the file"));
      return;
    }
    for (std::size_t i = 0; i < words_.size() && number != 0 && number < 4096; ++i) {
      const Address before =
          (number - 1) * size + static_cast<Address>(layout_[Fact::managed_static_type_state_type]);
      if (words_[i] != type_type_ || i * kWord < before) continue;
      // What follows it in the same struct moves with it.
      constexpr Fact kBehind = Fact::PyInterpreterState_types_for_extensions_initialized;
      if (has(kFact) && has(kBehind)) {
        settle(kBehind,
               static_cast<std::size_t>(layout_[kBehind] - layout_[kFact]) + i * kWord - before);
      }
      settle(kFact, i * kWord - before);
      note("types.builtins", true, say("probed at +", i * kWord - before));
      return;
    }
    note("types.builtins", false, "no table in which `type` stands at its index");
  }

  // The version is a first guess: distributions put the change into older ones.
  void find_what_managed_dicts_show() {
    constexpr Fact kFact = Fact::since_managed_dict_shown;
    constexpr std::int32_t kAlways = 0, kNever = 99;
    if (!has(kFact)) return;
    const bool guess = interpreter_.version.micro >= layout_[kFact];
    // The code of a build with Py_DEBUG tests more than it needs.
    const auto told = interpreter_.debug ? std::nullopt : visits_dict_first(interpreter_, memory_);
    if (told && *told != guess) layout_.set(kFact, *told ? kAlways : kNever, FactSource::probe);
    note("managed dicts", true,
         say(told.value_or(guess) ? "shown before" : "hidden behind", " inline values, by the ",
             told ? "code of PyObject_VisitManagedDict" : "version"));
  }

  Layout& layout_;
  Interpreter& interpreter_;
  Memory& memory_;
  std::vector<LayoutCheck> checks_;
  std::vector<Address> words_;  // of the main interpreter's state
  Address type_type_ = 0;
  Address list_type_ = 0;
  Address state_ = 0;
  Address sysdict_ = 0;
};

}  // namespace

std::vector<LayoutCheck> verify_layout(Layout& layout, Interpreter& interpreter, Memory& memory) {
  return Verifier(layout, interpreter, memory).run();
}

}  // namespace heapglass
