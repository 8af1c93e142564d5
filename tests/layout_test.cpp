// The layout files that are compiled in, and what their parser refuses.
#include "symbols/layout.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <set>
#include <sstream>
#include <unordered_set>

#include "symbols/failure.h"

using namespace heapglass;

namespace {

constexpr std::string_view kHead =
    "name\t3.12\n"
    "origin\ttest\n"
    "exact\tyes\n"
    "dialect.gc_head\tlinked\n"
    "dialect.header_size\tby_type\n"
    "dialect.int_size\tat_least_one\n"
    "dialect.line_table\tlocations\n"
    "dialect.managed_dict\ttagged\n"
    "dialect.refcount\tlow32\n"
    "dialect.stack_refs\tpointer\n"
    "dialect.static_types\tper_interpreter\n"
    "dialect.subtype_traverse\tleaves_it_to_heap_base\n";

Layout parse_with(std::string_view facts) {
  return parse_layout("3.12", std::string(kHead) + std::string(facts));
}

// What the refusal of a text says; empty if the text is taken.
std::string refusal(std::string_view text) {
  try {
    parse_layout("3.12", text);
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::not_cpython);
    return failure.what();
  }
  return {};
}

std::string refusal_of_facts(std::string_view facts) {
  return refusal(std::string(kHead) + std::string(facts));
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string source_file(const std::string& name) {
  std::ifstream file(std::string(HEAPGLASS_SOURCE_DIR) + "/symbols/layouts/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

using Expected = std::initializer_list<std::pair<Fact, std::int32_t>>;

void check_values(const char* name, Expected expected) {
  const Layout layout = load_layout(name);
  for (const auto& entry : expected) {
    const Fact fact = entry.first;
    CAPTURE(name);
    CAPTURE(fact_name(fact));
    REQUIRE(layout.has(fact));
    CHECK(layout[fact] == entry.second);
    CHECK(layout.source(fact) == FactSource::file);
  }
}

void check_absent(const char* name, std::initializer_list<Fact> facts) {
  const Layout layout = load_layout(name);
  for (Fact fact : facts) {
    CAPTURE(name);
    CAPTURE(fact_name(fact));
    CHECK_FALSE(layout.has(fact));
    CHECK(layout.source(fact) == FactSource::absent);
  }
}

}  // namespace

TEST_CASE("a fact's enumerator is its name with dots replaced") {
  CHECK(fact_name(Fact::PyDictObject_ma_keys) == "PyDictObject.ma_keys");
  CHECK(fact_name(Fact::sizeof_PyDictObject) == "sizeof.PyDictObject");
  CHECK(fact_name(Fact::PyInterpreterState_threads_head) == "PyInterpreterState.threads.head");
  CHECK(fact_name(Fact::count).empty());
}

TEST_CASE("every name of a fact is there once") {
  std::set<std::string_view> names;
  for (std::uint16_t i = 0; i < static_cast<std::uint16_t>(Fact::count); ++i)
    names.insert(fact_name(Fact{i}));
  CHECK(names.size() == static_cast<std::size_t>(Fact::count));
  CHECK_FALSE(names.contains(""));
}

TEST_CASE("facts.txt is sorted inside each group") {
  std::stringstream lines(source_file("facts.txt"));
  std::string previous;
  for (std::string line; std::getline(lines, line); previous = line) {
    CAPTURE(line);
    if (!line.empty() && line[0] != '#' && !previous.empty() && previous[0] != '#')
      CHECK(previous < line);
  }
}

TEST_CASE("the layouts that are compiled in are named in the order of their versions") {
  CHECK(layout_names() == std::vector<std::string>{"3.6", "3.7", "3.8", "3.9", "3.10", "3.11",
                                                   "3.11d", "3.12", "3.13", "3.13d", "3.13t",
                                                   "3.14", "3.14d", "3.14t", "3.15", "3.15d"});
}

TEST_CASE("every layout that is compiled in is complete as its file has it") {
  for (const std::string& name : layout_names()) {
    CAPTURE(name);
    const Layout layout = load_layout(name);
    CHECK(layout.name == name);
    CHECK(layout.origin.starts_with(name.substr(0, name.find_last_of("0123456789") + 1) + "."));

    const Layout from_file = parse_layout(name, source_file(name + ".tsv"));
    std::size_t facts = 0;
    for (std::uint16_t i = 0; i < static_cast<std::uint16_t>(Fact::count); ++i) {
      facts += layout.has(Fact{i});
      REQUIRE(layout.has(Fact{i}) == from_file.has(Fact{i}));
      if (layout.has(Fact{i})) CHECK(layout[Fact{i}] == from_file[Fact{i}]);
    }
    CHECK(facts > 700);
  }
}

TEST_CASE("every fact is asked for by some decoder, or looked at here") {
  std::string sources;
  for (const char* folder : {"symbols", "inspector", "tests"}) {
    const auto root = std::filesystem::path(HEAPGLASS_SOURCE_DIR) / folder;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".h") continue;
      std::ifstream file(entry.path());
      sources.append(std::istreambuf_iterator<char>(file), {}).append("\n");
    }
  }
  std::unordered_set<std::string> named;
  const std::string_view prefix = "Fact::";
  for (std::size_t at = sources.find(prefix); at != std::string::npos;) {
    at += prefix.size();
    std::size_t end = at;
    while (end < sources.size() &&
           (std::isalnum(static_cast<unsigned char>(sources[end])) != 0 || sources[end] == '_')) {
      ++end;
    }
    named.insert(sources.substr(at, end - at));
    at = sources.find(prefix, end);
  }
  for (std::uint16_t i = 0; i < static_cast<std::uint16_t>(Fact::count); ++i) {
    std::string name(fact_name(Fact{i}));
    std::replace(name.begin(), name.end(), '.', '_');
    CAPTURE(name);
    CHECK(named.contains(name));
  }
}

TEST_CASE("every fact is in some layout") {
  for (std::uint16_t i = 0; i < static_cast<std::uint16_t>(Fact::count); ++i) {
    bool found = false;
    for (const std::string& name : layout_names()) found = found || load_layout(name).has(Fact{i});
    CAPTURE(fact_name(Fact{i}));
    CHECK(found);
  }
}

// Values taken by hand from the layouts as they were verified on live processes.
TEST_CASE("3.8: collector in the runtime, frames are objects, one kind of dict keys") {
  check_values("3.8", {{Fact::PyObject_ob_type, 8},
                       {Fact::PyVarObject_ob_size, 16},
                       {Fact::sizeof_PyGC_Head, 16},
                       {Fact::sizeof_PyTypeObject, 416},
                       {Fact::sizeof_PyHeapTypeObject, 880},
                       {Fact::PyHeapTypeObject_ht_cached_keys, 872},
                       {Fact::PyDictKeysObject_dk_size, 8},
                       {Fact::PyDictKeysObject_dk_lookup, 16},
                       {Fact::PyDictKeysObject_dk_nentries, 32},
                       {Fact::PyDictKeysObject_dk_indices, 40},
                       {Fact::sizeof_PyASCIIObject, 48},
                       {Fact::sizeof_PyCompactUnicodeObject, 72},
                       {Fact::PyLongObject_long_value_ob_digit, 24},
                       {Fact::PyFunctionObject_func_code, 16},
                       {Fact::PyFrameObject_f_localsplus, 360},
                       {Fact::PyGenObject_gi_frame, 16},
                       {Fact::PyGenObject_gi_exc_state_exc_type, 64},
                       {Fact::_PyRangeIterObject_start, 24},
                       {Fact::sizeof_PyFrameObject, 368},
                       {Fact::PyFrameObject_f_valuestack, 64},
                       {Fact::PyFrameObject_f_stacktop, 72},
                       {Fact::PyCodeObject_co_cell2arg, 96},
                       {Fact::PyCodeObject_co_zombieframe, 128},
                       {Fact::atexitmodule_state_ncallbacks, 8},
                       {Fact::block_rightlink, 520},
                       {Fact::sizeof_block, 528},
                       {Fact::_PyRuntimeState_interpreters_head, 32},
                       {Fact::_PyRuntimeState_gc, 344},
                       {Fact::PyInterpreterState_id, 16},
                       {Fact::PyInterpreterState_threads_head, 8},
                       {Fact::PyInterpreterState_imports_modules, 56},
                       {Fact::PyInterpreterState_sysdict, 72},
                       {Fact::PyThreadState_frame, 24},
                       {Fact::pymalloc_ARENA_SIZE, 256 * 1024},
                       {Fact::pymalloc_POOL_SIZE, 4096},
                       {Fact::pymalloc_ALIGNMENT, 16}});
  check_absent("3.8", {Fact::PyInterpreterState_gc, Fact::PyLongObject_long_value_lv_tag,
                       Fact::PyDictKeysObject_dk_kind, Fact::_PyInterpreterFrame_localsplus,
                       Fact::PyCMethodObject_mm_class, Fact::PyInterpreterState_obmalloc,
                       Fact::PyFrameObject_f_stackdepth, Fact::PyDictValues_values});
  const Layout layout = load_layout("3.8");
  CHECK(layout.exact);
  CHECK(layout.dialects.managed_dict == ManagedDict::none);
  CHECK(layout.dialects.refcount == Refcount::signed64);
  CHECK(layout.dialects.static_types == StaticTypes::own);
  CHECK(layout.dialects.header_size == HeaderSize::by_object);
  CHECK(layout.dialects.int_size == IntSize::digits);
  CHECK(layout.dialects.line_table == LineTable::lnotab);
  CHECK(layout.dialects.subtype_traverse == SubtypeTraverse::shows_type);
  CHECK(layout.hides_type("os.stat_result"));
  CHECK_FALSE(layout.hides_type("collections.deque"));
  REQUIRE(layout.module_states.contains("binascii"));
  const ModuleState& binascii = layout.module_states.find("binascii")->second;
  CHECK(binascii.size == 16);
  CHECK(binascii.shown.empty());
  CHECK(binascii.borrowed == std::vector<std::int32_t>{0, 8});
}

TEST_CASE("3.9: collector in the interpreter, modules' types on the heap") {
  check_values("3.9", {{Fact::sizeof_PyTypeObject, 408},
                       {Fact::sizeof_PyHeapTypeObject, 880},
                       {Fact::PyHeapTypeObject_ht_cached_keys, 864},
                       {Fact::PyHeapTypeObject_ht_module, 872},
                       {Fact::PyCMethodObject_mm_class, 56},
                       {Fact::PyDictKeysObject_dk_lookup, 16},
                       {Fact::PyFunctionObject_func_code, 16},
                       {Fact::PyFrameObject_f_stacktop, 72},
                       {Fact::PyFrameObject_f_localsplus, 360},
                       {Fact::PyGenObject_gi_code, 32},
                       {Fact::PyInterpreterState_gc, 616},
                       {Fact::PyInterpreterState_id, 24},
                       {Fact::PyInterpreterState_threads_head, 8},
                       {Fact::PyInterpreterState_sysdict, 872},
                       {Fact::atexitmodule_state_atexit_callbacks, 0},
                       {Fact::pysqlite_Node_next, 48},
                       {Fact::pymalloc_ARENA_SIZE, 256 * 1024}});
  check_absent("3.9", {Fact::_PyRuntimeState_gc, Fact::PyFrameObject_f_stackdepth,
                       Fact::PyFunctionObject_func_builtins, Fact::PyDictKeysObject_dk_kind});
  const Layout layout = load_layout("3.9");
  CHECK(layout.exact);
  CHECK(layout.dialects.managed_dict == ManagedDict::none);
  CHECK(layout.dialects.subtype_traverse == SubtypeTraverse::leaves_it_to_heap_base);
  CHECK_FALSE(layout.hides_type("os.stat_result"));
}

TEST_CASE("3.10: frames say how deep their stack is, arenas of 1 MiB") {
  check_values("3.10", {{Fact::sizeof_PyHeapTypeObject, 888},
                        {Fact::sizeof_PyFrameObject, 360},
                        {Fact::PyFrameObject_f_stackdepth, 80},
                        {Fact::PyFrameObject_f_localsplus, 352},
                        {Fact::PyGenObject_gi_code, 24},
                        {Fact::PyGenObject_gi_exc_state_exc_type, 56},
                        {Fact::PyFunctionObject_func_code, 48},
                        {Fact::PyFunctionObject_func_builtins, 24},
                        {Fact::PyDictKeysObject_dk_lookup, 16},
                        {Fact::PyCodeObject_co_linetable, 120},
                        {Fact::PyInterpreterState_gc, 616},
                        {Fact::PyInterpreterState_sysdict, 872},
                        {Fact::pymalloc_ARENA_SIZE, 1024 * 1024},
                        {Fact::pymalloc_POOL_SIZE, 16384}});
  check_absent("3.10", {Fact::PyFrameObject_f_stacktop, Fact::PyFrameObject_f_frame,
                        Fact::PyCodeObject_co_lnotab, Fact::atexitmodule_state_ncallbacks,
                        Fact::PyDictKeysObject_dk_kind});
  const Layout layout = load_layout("3.10");
  CHECK(layout.exact);
  CHECK(layout.dialects.managed_dict == ManagedDict::none);
  CHECK(layout.dialects.refcount == Refcount::signed64);
  CHECK(layout.dialects.int_size == IntSize::digits);
}

TEST_CASE("3.11: interpreter frames, a pair of words for an instance's attributes") {
  check_values("3.11", {{Fact::PyInterpreterState_gc, 648},
                        {Fact::PyInterpreterState_id, 48},
                        {Fact::PyInterpreterState_threads_head, 16},
                        {Fact::PyInterpreterState_imports_modules, 888},
                        {Fact::PyInterpreterState_sysdict, 904},
                        {Fact::_PyRuntimeState_interpreters_head, 40},
                        {Fact::_PyRuntimeState__main_interpreter, 58936},
                        {Fact::_PyRuntimeState_static_objects, 680},
                        {Fact::sizeof_PyTypeObject, 408},
                        {Fact::PyDictKeysObject_dk_indices, 32},
                        {Fact::PyDictKeysObject_dk_log2_index_bytes, 9},
                        {Fact::PyDictValues_values, 0},
                        {Fact::PyThreadState_cframe, 56},
                        {Fact::_PyCFrame_current_frame, 8},
                        {Fact::_PyInterpreterFrame_f_funcobj, 0},
                        {Fact::_PyInterpreterFrame_f_executable, 32},
                        {Fact::_PyInterpreterFrame_stacktop, 64},
                        {Fact::_PyInterpreterFrame_localsplus, 72},
                        {Fact::PyCodeObject_co_code_adaptive, 184},
                        {Fact::PyGenObject_gi_iframe, 80},
                        {Fact::_gc_runtime_state_generation0, 96},
                        {Fact::_gc_runtime_state_permanent_generation, 104},
                        {Fact::_gc_runtime_state_garbage, 208},
                        {Fact::sizeof_gc_generation, 24},
                        {Fact::arena_object_pool_address, 8},
                        {Fact::pool_header_ref_count, 0},
                        {Fact::pool_header_szidx, 36},
                        {Fact::sizeof_pool_header, 48},
                        {Fact::pymalloc_POOL_SIZE, 16384}});
  check_absent("3.11", {Fact::PyInterpreterState_obmalloc, Fact::managed_static_type_state_tp_dict,
                        Fact::PyThreadState_current_exception, Fact::PyCodeObject__co_cached});
  const Layout layout = load_layout("3.11");
  CHECK(layout.dialects.managed_dict == ManagedDict::pair);
  CHECK(layout.dialects.refcount == Refcount::signed64);
  CHECK(layout.dialects.header_size == HeaderSize::by_type);
  CHECK(layout.dialects.int_size == IntSize::at_least_one);
  CHECK(layout.dialects.line_table == LineTable::locations);
  CHECK(layout.hides_type("_csv.Error"));
}

TEST_CASE("3.6: no runtime's state, heads with a count") {
  check_values("3.6", {{Fact::PyInterpreterState_imports_modules, 16},
                       {Fact::PyInterpreterState_sysdict, 32},
                       {Fact::PyInterpreterState_threads_head, 8},
                       {Fact::PyFrameObject_f_localsplus, 376},
                       {Fact::PyGC_Head_gc_gc_refs, 16},
                       {Fact::_PyScannerObject_strict, 16},
                       {Fact::sizeof_PyHeapTypeObject, 864}});
  check_absent("3.6", {Fact::_PyRuntimeState_interpreters_head, Fact::_gc_runtime_state_generation0,
                       Fact::PyInterpreterState_id, Fact::PyThreadState_exc_info});
  CHECK(load_layout("3.6").dialects.gc_head == GcHead::counted);
}

TEST_CASE("3.7: before 3.7.4 the collector's heads and the allocator's blocks were smaller") {
  check_values("3.7", {{Fact::_PyRuntimeState_interpreters_head, 24},
                       {Fact::_PyRuntimeState_gc, 320},
                       {Fact::_gc_runtime_state_generation0, 176},
                       {Fact::_gc_runtime_state_permanent_generation, 192},
                       {Fact::_gc_runtime_state_collecting, 312},
                       {Fact::sizeof_PyGC_Head, 32},
                       {Fact::pymalloc_ALIGNMENT, 16}});
  const Layout before = load_layout("3.7", 3);
  CHECK(before[Fact::sizeof_PyGC_Head] == 24);
  CHECK(before[Fact::sizeof_gc_generation] == 32);
  CHECK(before[Fact::pymalloc_ALIGNMENT] == 8);
  CHECK(before[Fact::_gc_runtime_state_generation0] == 120);
  CHECK(load_layout("3.7").dialects.gc_head == GcHead::counted);
  CHECK(load_layout("3.8").dialects.gc_head == GcHead::linked);
}

TEST_CASE("3.14: slots of frames with tags, the generational collector again") {
  check_values("3.14", {{Fact::_PyRuntimeState_interpreters_head, 808},
                        {Fact::PyInterpreterState_gc, 7408},
                        {Fact::PyInterpreterState_sysdict, 7672},
                        {Fact::PyInterpreterState_imports_modules, 7688},
                        {Fact::PyInterpreterState_obmalloc, 10904},
                        {Fact::PyInterpreterState_types_builtins_initialized, 180240},
                        {Fact::_gc_runtime_state_generation0, 256},
                        {Fact::_gc_runtime_state_permanent_generation, 96},
                        {Fact::_PyInterpreterFrame_stackpointer, 64},
                        {Fact::_PyInterpreterFrame_owner, 74},
                        {Fact::PyTupleObject_ob_item, 32}});
  check_absent("3.14", {Fact::_PyInterpreterFrame_stacktop, Fact::methodcallerobject_xargs});
  const Layout layout = load_layout("3.14");
  CHECK(layout.dialects.refcount == Refcount::overflow);
  CHECK(layout.dialects.stack_refs == StackRefs::tagged);
  CHECK(layout.module_states.at("_hmac").shows_type);
  CHECK_FALSE(layout.module_states.at("_functools").shows_type);
}

TEST_CASE("3.15: a module knows its state's size, a generator's states are counted from 0") {
  check_values("3.15", {{Fact::_PyRuntimeState_interpreters_head, 936},
                        {Fact::PyInterpreterState_gc, 7400},
                        {Fact::PyInterpreterState_sysdict, 7576},
                        {Fact::PyModuleObject_md_state_size, 56},
                        {Fact::PyByteArrayObject_ob_bytes_object, 56},
                        {Fact::framestate_FRAME_CREATED, 0},
                        {Fact::framestate_FRAME_EXECUTING, 4},
                        {Fact::framestate_FRAME_CLEARED, 5},
                        {Fact::_gc_runtime_state_generation0, 168},
                        {Fact::gc_stats_old, 712}});
  check_absent("3.15", {Fact::PyModuleObject_md_def, Fact::PyAsyncGenAThrow_agt_args});
}

TEST_CASE("3.12: allocator and static types' dicts in the interpreter, immortal objects") {
  check_values("3.12", {{Fact::PyInterpreterState_id, 8},
                        {Fact::PyInterpreterState_gc, 112},
                        {Fact::PyInterpreterState_threads_head, 72},
                        {Fact::PyInterpreterState_imports_modules, 944},
                        {Fact::PyInterpreterState_obmalloc, 3960},
                        {Fact::PyInterpreterState_types_builtins_initialized, 373704},
                        {Fact::PyInterpreterState_cached_objects_interned_strings, 382936},
                        {Fact::_PyRuntimeState_cached_objects_interned_strings, 76368},
                        {Fact::managed_static_type_state_tp_dict, 16},
                        {Fact::managed_static_type_state_tp_subclasses, 24},
                        {Fact::sizeof_managed_static_type_state, 40},
                        {Fact::_obmalloc_state_mgmt_arenas, 512},
                        {Fact::PyLongObject_long_value_lv_tag, 16},
                        {Fact::sizeof_PyASCIIObject, 40},
                        {Fact::_PyCFrame_current_frame, 0},
                        {Fact::_PyInterpreterFrame_f_executable, 0},
                        {Fact::_PyInterpreterFrame_f_funcobj, 16},
                        {Fact::_PyInterpreterFrame_owner, 70}});
  const Layout layout = load_layout("3.12");
  CHECK(layout.dialects.managed_dict == ManagedDict::tagged);
  CHECK(layout.dialects.refcount == Refcount::low32);
  CHECK(layout.dialects.static_types == StaticTypes::per_interpreter);
  CHECK(layout.dialects.header_size == HeaderSize::by_type);
}

TEST_CASE("3.13: inline values, the allocator behind a pointer") {
  check_values("3.13", {{Fact::PyInterpreterState_next, 7264},
                        {Fact::PyInterpreterState_gc, 7400},
                        {Fact::PyInterpreterState_threads_head, 7344},
                        {Fact::PyInterpreterState_sysdict, 7640},
                        {Fact::PyInterpreterState_obmalloc, 10800},
                        {Fact::PyInterpreterState_types_builtins_initialized, 182968},
                        {Fact::_PyRuntimeState_interpreters_head, 632},
                        {Fact::managed_static_type_state_tp_dict, 24},
                        {Fact::sizeof_managed_static_type_state, 48},
                        {Fact::PyDictValues_capacity, 0},
                        {Fact::PyDictValues_embedded, 2},
                        {Fact::PyDictValues_valid, 3},
                        {Fact::PyDictValues_values, 8},
                        {Fact::PyThreadState_current_frame, 72},
                        {Fact::localobject_localdicts, 40},
                        {Fact::PyFrameObject_f_extra_locals, 48},
                        {Fact::PyFrameObject_f_locals_cache, 56},
                        {Fact::PyInterpreterState_types_for_extensions_initialized, 192584},
                        {Fact::StgInfo_proto, 56},
                        {Fact::sizeof_StgInfo, 160}});
  check_absent("3.13", {Fact::FutureObj_dict, Fact::StgDictObject_proto, Fact::localobject_dummies,
                        Fact::simplequeueobject_lst});
  const Layout layout = load_layout("3.13");
  CHECK(layout.dialects.managed_dict == ManagedDict::inline_values);
  CHECK(layout.dialects.header_size == HeaderSize::by_object);
  CHECK(layout.dialects.stack_refs == StackRefs::pointer);
}

TEST_CASE("3.13: what changed with a micro version") {
  const Layout first = load_layout("3.13", 0), fifth = load_layout("3.13", 5),
               last = load_layout("3.13", 18);
  CHECK(first[Fact::sizeof_PicklerObject] == 144);
  CHECK(fifth[Fact::sizeof_PicklerObject] == 152);
  CHECK(fifth[Fact::sizeof_PyBaseExceptionGroupObject] == 88);
  CHECK(last[Fact::sizeof_PyBaseExceptionGroupObject] == 96);
  CHECK(last[Fact::sizeof_UnpicklerObject] == 296);
  CHECK_FALSE(fifth.since(Fact::since_managed_dict_shown));
  CHECK(last.since(Fact::since_managed_dict_shown));
  CHECK_FALSE(load_layout("3.12", 1).since(Fact::since_managed_dict_shown));  // has no such thing
}

TEST_CASE("a layout that is not there is refused, naming those that are") {
  try {
    load_layout("3.5");
    FAIL("taken");
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::not_cpython);
    CHECK(contains(failure.what(), "'3.5'"));
    CHECK(contains(failure.what(),
                   "3.6, 3.7, 3.8, 3.9, 3.10, 3.11, 3.11d, 3.12, 3.13, 3.13d, 3.13t, 3.14, "
                   "3.14d, 3.14t, 3.15, 3.15d"));
    CHECK(contains(failure.remedy(), "extract.py"));
  }
}

TEST_CASE("a fact that a file does not have is absent; set and remove change one fact") {
  Layout layout = parse_with("PyDictObject.ma_keys\t32\n");
  CHECK(layout.has(Fact::PyDictObject_ma_keys));
  CHECK(layout[Fact::PyDictObject_ma_keys] == 32);
  CHECK_FALSE(layout.has(Fact::PyDictObject_ma_used));

  layout.set(Fact::PyDictObject_ma_used, 16, FactSource::probe);
  CHECK(layout.source(Fact::PyDictObject_ma_used) == FactSource::probe);
  layout.remove(Fact::PyDictObject_ma_keys);
  CHECK_FALSE(layout.has(Fact::PyDictObject_ma_keys));
}

TEST_CASE("a fact may change with a micro version") {
  const std::string text = std::string(kHead) + "PyObject.ob_type\t8\nPyObject.ob_type@04\t16\n" +
                           "PyObject.ob_type@12\t24\n";
  const auto at = [&](int micro) {
    return parse_layout("3.12", text, micro)[Fact::PyObject_ob_type];
  };
  CHECK(at(0) == 8);
  CHECK(at(3) == 8);
  CHECK(at(4) == 16);
  CHECK(at(11) == 16);
  CHECK(at(12) == 24);
  CHECK(at(-1) == 24);  // unknown: the latest
  CHECK(parse_layout("3.12", text, 4).micro == 4);
  for (const char* line : {"PyObject.ob_type@4\t8\n", "PyObject.ob_type@1x\t8\n", "@04\t8\n"}) {
    CAPTURE(line);
    CHECK(contains(refusal_of_facts(line), "is not in facts.txt"));
  }
}

TEST_CASE("types that hide their type stand among the facts") {
  const Layout layout = parse_with("PyObject.ob_type\t8\nhides_type.a.B\t1\nhides_type.c.D\t1\n");
  CHECK(layout.hiding_types == std::vector<std::string>{"a.B", "c.D"});
}

TEST_CASE("a module's state is its size and what is shown of it, or borrowed by it") {
  const Layout layout = parse_with("module_state.a\t16\nmodule_state.b\t48 0 -8 40\n");
  REQUIRE(layout.module_states.size() == 2);
  CHECK(layout.module_states.at("a").size == 16);
  CHECK(layout.module_states.at("b").shown == std::vector<std::int32_t>{0, 40});
  CHECK(layout.module_states.at("b").borrowed == std::vector<std::int32_t>{8});
  for (const char* value : {"-16", "16 16", "16 -16", "16 -", "16 --8", "16 x", "16  8"}) {
    CAPTURE(value);
    CHECK(contains(refusal_of_facts("module_state.a\t" + std::string(value) + "\n"),
                   "is not a size and the offsets in it"));
  }
}

TEST_CASE("a malformed line is refused with the file and the number of the line") {
  CHECK(contains(refusal_of_facts("PyDictObject.ma_keys 32\n"), "3.12.tsv, line 13: "));
  for (const char* line : {"\n", "PyDictObject.ma_keys\n", "PyDictObject.ma_keys\t\n", "\t32\n"}) {
    CAPTURE(line);
    CHECK(contains(refusal_of_facts(line), "line 13: not `fact<TAB>value`"));
  }
  CHECK(contains(refusal_of_facts("PyDictObject.ma_keys\t32"), "line 13: the line is not ended"));
  CHECK(contains(refusal_of_facts("PyDictObject.ma_kyes\t32\n"), "'PyDictObject.ma_kyes' is not"));
  CHECK(contains(refusal_of_facts("hides_type.a.B\tyes\n"), "line 13: expected '1'"));
}

TEST_CASE("a value has one spelling and the range of an offset") {
  CHECK(refusal_of_facts("PyObject.ob_type\t2147483647\n").empty());
  for (const char* value : {"-8", "+8", "08", "-0", "8 ", " 8", "0x8", "8\t8", "8\r", "eight",
                            "2147483648", "99999999999999999999"}) {
    CAPTURE(value);
    CHECK(
        contains(refusal_of_facts("PyObject.ob_type\t" + std::string(value) + "\n"), "line 13: '"));
  }
}

TEST_CASE("facts are sorted and stand there once") {
  CHECK(contains(refusal_of_facts("PyObject.ob_type\t8\nPyObject.ob_type\t8\n"), "line 14: "));
  CHECK(contains(refusal_of_facts("PyObject.ob_type\t8\nPyObject.ob_refcnt\t0\n"), "line 14: "));
}

TEST_CASE("the head of a file is complete, in order, and of known words") {
  CHECK(contains(refusal(""), "line 1: the file ends too early"));
  CHECK(contains(refusal("name\t3.13\n"), "line 1: this is the layout of '3.13'"));
  CHECK(contains(refusal("name\t3.12\norigin\tx\n"), "line 3: the file ends too early"));
  CHECK(
      contains(refusal("name\t3.12\norigin\tx\nexact\tmaybe\n"), "line 3: expected 'yes' or 'no'"));
  CHECK(contains(refusal("origin\tx\nname\t3.12\n"), "line 1: expected 'name'"));
  std::string text(kHead);
  text.replace(text.find("low32"), 5, "low64");
  CHECK(contains(refusal(text), "line 9: 'low64' is no word of 'dialect.refcount'"));
}

TEST_CASE("what a refusal quotes is short and printable") {
  const std::string message = refusal_of_facts(std::string(1'000'000, '\x1b') + "\t1\n");
  CHECK(message.size() < 200);
  CHECK_FALSE(contains(message, "\x1b"));
}
