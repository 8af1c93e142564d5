// Every struct fact that a decoder needs, for one build of CPython.
//
// A fact is an offset or a size in bytes ("PyDictObject.ma_keys", "sizeof.PyDictObject"), as the
// build's DWARF or headers have it. The names are CPython's; symbols/layouts/facts.txt lists those
// that some decoder asks for and is the source of enum Fact; symbols/layouts/<minor><flavour>.tsv
// has one build's values. A fact that a build lacks is absent: has() is false and its decoder off.
// No other place knows a version number; where builds differ in kind and not in number there is a
// dialect.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "symbols/facts.gen.h"  // enum class Fact : std::uint16_t { ..., count }; generated

namespace heapglass {

// How instances keep attributes outside a slot (Objects/object.c, _PyObject_GetDictPtr).
enum class ManagedDict : std::uint8_t {
  none,          // up to 3.10: tp_dictoffset says where the dict pointer is
  pair,          // 3.11: dict* at -24, values* at -32, one of them set
  tagged,        // 3.12: one word at -24, bit 0 set means values
  inline_values  // 3.13+: dict* at -24 and, by type flag, values behind the body
};
// How ob_refcnt is to be read (Include/object.h).
enum class Refcount : std::uint8_t {
  signed64,  // up to 3.11: no immortal objects
  low32,     // 3.12, 3.13: the low 32 bits; immortal when negative as int32
  overflow,  // 3.14+: the low 32 bits; immortal from 1 << 31
  split  // free-threaded: ob_ref_local + (ob_ref_shared >> 2); immortal: ob_ref_local is all ones
};
// Where static builtin types keep tp_dict and tp_subclasses.
enum class StaticTypes : std::uint8_t {
  own,             // in the type object, up to 3.11
  per_interpreter  // 3.12+: interp.types.builtins, index in tp_subclasses
};
// What an interpreter frame's locals hold.
enum class StackRefs : std::uint8_t { pointer, tagged };
// What tells that the collector looks after an object (Include/internal/pycore_gc.h,
// _PyObject_GC_IS_TRACKED): that it stands in one of its lists, or a mark of its own.
enum class GcHead : std::uint8_t {
  counted,  // up to 3.7: gc_refs is not _PyGC_REFS_UNTRACKED; links of one in no list are left over
  linked,   // 3.8+: _gc_next is set
  in_object  // free-threaded: a bit of ob_gc_bits; no header, no lists (sizeof.PyGC_Head is 0)
};
// Whose collector's header sys.getsizeof adds (Python/sysmodule.c, _PySys_GetSizeOf).
enum class HeaderSize : std::uint8_t {
  by_object,  // of objects that have one
  by_type     // 3.11, 3.12: of types with Py_TPFLAGS_HAVE_GC, static types without a header too
};
// What int.__sizeof__ counts for 0 (Objects/longobject.c).
enum class IntSize : std::uint8_t {
  digits,       // up to 3.10: none
  at_least_one  // 3.11+: the digit that is always allocated
};
// How a code object tells the line of an instruction (Objects/codeobject.c, PyCode_Addr2Line).
enum class LineTable : std::uint8_t {
  lnotab,    // up to 3.9: co_lnotab; positions in bytes
  ranges,    // 3.10: co_linetable (PEP 626); positions in code units
  locations  // 3.11+: co_linetable with columns (PEP 657); positions are pointers
};
// Whether a class made in Python shows the collector an instance's reference to it
// (Objects/typeobject.c, subtype_traverse).
enum class SubtypeTraverse : std::uint8_t {
  shows_type,             // up to 3.8
  leaves_it_to_heap_base  // 3.9+: the tp_traverse of the nearest base in C, if that is a heap type
};
struct Dialects {
  ManagedDict managed_dict = ManagedDict::none;
  Refcount refcount = Refcount::signed64;
  StaticTypes static_types = StaticTypes::own;
  StackRefs stack_refs = StackRefs::pointer;
  GcHead gc_head = GcHead::linked;
  HeaderSize header_size = HeaderSize::by_object;
  IntSize int_size = IntSize::digits;
  LineTable line_table = LineTable::lnotab;
  SubtypeTraverse subtype_traverse = SubtypeTraverse::shows_type;
};

// Where a fact's value came from, for `doctor`.
enum class FactSource : std::uint8_t { absent, file, debug_offsets, dwarf, probe };

// The C state of an extension module, and where in it are the references that its m_traverse shows
// to the collector, and pointers to objects that are none: measured
// (symbols/layouts/module_states.py), since only the module's code knows.
struct ModuleState {
  std::int64_t size = 0;  // PyModuleDef.m_size, which has to agree
  std::vector<std::int32_t> shown;
  std::vector<std::int32_t> borrowed;
  bool shows_type = false;  // of the module object
};

class Layout {
 public:
  // "3.12", "3.13t", "3.11d": minor version and flavour.
  std::string name;
  // The build that the file was extracted from, for people: "3.12.1 shared, x86-64".
  std::string origin;
  // Whether the tests have found what it gives equal to the target's own truth, object by object.
  // One that is not is not used: a wrong number is worse than none.
  bool exact = false;
  // The target's micro version, for what changed inside a minor one (since.* facts); -1: unknown,
  // taken for the latest.
  int micro = -1;
  Dialects dialects;
  // Names of collectable C types whose tp_traverse does not visit their heap type, as measured on
  // the build: `hides_type.<module.qualname>` lines.
  std::vector<std::string> hiding_types;

  // By module name: `module_state.<name>` lines, "size offset offset ...", "-offset" if borrowed,
  // "type" last.
  std::map<std::string, ModuleState, std::less<>> module_states;

  bool hides_type(std::string_view type) const {
    return std::find(hiding_types.begin(), hiding_types.end(), type) != hiding_types.end();
  }
  // Whether the target has what a since.* fact names the first micro version of.
  bool since(Fact fact) const { return has(fact) && (micro < 0 || micro >= (*this)[fact]); }
  bool has(Fact fact) const { return values_[index(fact)] != kAbsent; }
  // Only of a fact that is there: callers switch their decoder off first. Builds with assertions
  // stop on one that is not; others have what no offset can be.
  std::int32_t operator[](Fact fact) const {
    assert(has(fact));
    return values_[index(fact)];
  }
  FactSource source(Fact fact) const { return sources_[index(fact)]; }
  void set(Fact fact, std::int32_t value, FactSource source) {
    values_[index(fact)] = value;
    sources_[index(fact)] = source;
  }
  void remove(Fact fact) { set(fact, kAbsent, FactSource::absent); }

 private:
  static constexpr std::int32_t kAbsent = std::numeric_limits<std::int32_t>::min();
  static std::size_t index(Fact fact) { return static_cast<std::size_t>(fact); }
  static constexpr std::size_t kFacts = static_cast<std::size_t>(Fact::count);
  static constexpr std::array<std::int32_t, kFacts> none() {
    std::array<std::int32_t, kFacts> values{};
    values.fill(kAbsent);
    return values;
  }
  std::array<std::int32_t, kFacts> values_ = none();
  std::array<FactSource, kFacts> sources_{};  // FactSource::absent
};

// "PyDictObject.ma_keys" for Fact::PyDictObject_ma_keys.
std::string_view fact_name(Fact fact);

// Names of the layouts that are compiled in, sorted: {"3.11", "3.12"}.
std::vector<std::string> layout_names();

// The compiled-in layout of that name, as a target of that micro version has it (-1: unknown, taken
// for the latest); throws Failure(not_cpython) naming those that there are.
Layout load_layout(std::string_view name, int micro = -1);

// One layout file's text. Throws Failure(not_cpython) naming the line for anything that is not
// `fact<TAB>value` with a known fact; facts that no decoder names are not tolerated either. A line
// `fact@NN<TAB>value` holds from micro version NN on.
Layout parse_layout(std::string_view name, std::string_view text, int micro = -1);

}  // namespace heapglass
