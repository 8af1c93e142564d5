// inspector/python/roots.h: the roots of fake interpreters, by name; damaged ones are counted and
// never hang.
#include "inspector/python/roots.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "tests/support/fake_interpreter.h"

using namespace heapglass;

namespace {

using enum RootHold;

struct NamedRoot {
  std::string name;
  Address to = 0;
  RootHold hold = RootHold::owned;
  bool operator==(const NamedRoot&) const = default;
};
std::ostream& operator<<(std::ostream& out, const NamedRoot& root) {
  return out << root.name << " -> 0x" << std::hex << root.to << std::dec << " ("
             << root_hold_name(root.hold) << ")";
}
std::ostream& operator<<(std::ostream& out, const std::vector<NamedRoot>& roots) {
  for (const NamedRoot& root : roots) out << "\n    " << root;
  return out;
}

// What read_roots gives of one kind, in its order; all faults by kind.
struct View {
  explicit View(FakeInterpreter& fake) : heap(fake.heap) {
    heap.decoders.static_type_states = fake.static_type_states;
    roots = read_roots(fake.runtime, heap.decoders);
  }
  std::vector<NamedRoot> of(RootKind kind) const {
    std::vector<NamedRoot> result;
    for (const RootReference& root : roots.references) {
      if (root.kind == kind) result.push_back({roots.names[root.name], root.to, root.hold});
    }
    return result;
  }
  // Of the interpreter, but sys.modules, which every one has.
  std::vector<NamedRoot> of_interpreter() const {
    std::vector<NamedRoot> result = of(RootKind::interpreter);
    std::erase_if(result, [](const NamedRoot& root) { return root.name == "sys.modules"; });
    return result;
  }
  std::uint64_t faults(Fault fault) const { return heap.faults(fault); }
  std::uint64_t faults() const { return heap.faults(); }

  FakeView heap;
  RootSet roots;
};

void on_each_interpreter(void (*specification)(FakeInterpreter& fake)) {
  // Those whose frames are no objects.
  for (const std::string build : {"3.11", "3.12", "3.13"}) {
    CAPTURE(build);
    FakeInterpreter fake(build);
    specification(fake);
  }
}

}  // namespace

TEST_CASE("modules are roots by name, for sys.modules, which is one itself") {
  on_each_interpreter([](FakeInterpreter& fake) {
    const Address app = fake.module("app", {}), sub = fake.module("app.sub", {});
    View view(fake);
    CHECK(view.of(RootKind::module) ==
          std::vector<NamedRoot>{{"module app", app, borrowed}, {"module app.sub", sub, borrowed}});
    CHECK(view.of(RootKind::interpreter) ==
          std::vector<NamedRoot>{{"sys.modules", fake.modules(), owned}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("a field of the interpreter that holds what it should not is no root") {
  on_each_interpreter([](FakeInterpreter& fake) {
    const Address list = fake.heap.list({}), dict = fake.heap.dict({});
    fake.heap.set(fake.state, Fact::PyInterpreterState_codecs_search_path, dict);  // a list's
    fake.heap.set(fake.state, Fact::PyInterpreterState_audit_hooks, list);
    fake.heap.set(fake.state, Fact::PyInterpreterState_dict, dict);
    fake.heap.set(fake.state, Fact::PyInterpreterState_before_forkers, Address{0x1238});
    View view(fake);
    CHECK(view.of_interpreter() == std::vector<NamedRoot>{{"interpreter dict", dict, owned},
                                                          {"sys.addaudithook", list, owned}});
    CHECK(view.faults() == 1);
  });
}

TEST_CASE("other interpreters than the first are told in front") {
  on_each_interpreter([](FakeInterpreter& fake) {
    fake.runtime.interpreters[0].id = 2;
    const Address app = fake.module("app", {});
    View view(fake);
    CHECK(view.of(RootKind::module) ==
          std::vector<NamedRoot>{{"interpreter 2 module app", app, borrowed}});
  });
}

TEST_CASE("callbacks of atexit, and how many there are may be a lie") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    const Address function = heap.list({}), arguments = heap.tuple({});
    const Address callback = heap.allocate(heap.offset(Fact::sizeof_atexit_py_callback));
    heap.set(callback, Fact::atexit_py_callback_func, function);
    heap.set(callback, Fact::atexit_py_callback_args, arguments);
    const Address callbacks = heap.allocate(2 * sizeof(Address));  // the second was unregistered
    heap.put(callbacks, callback);
    heap.set(fake.state, Fact::PyInterpreterState_atexit_callbacks, callbacks);
    heap.set(fake.state, Fact::PyInterpreterState_atexit_ncallbacks, std::int32_t{2});
    View view(fake);
    CHECK(view.of_interpreter() == std::vector<NamedRoot>{{"atexit callback", function, owned},
                                                          {"atexit callback", arguments, owned}});
    CHECK(view.faults() == 0);
    for (const std::int32_t lie : {-1, 1000, INT32_MAX}) {
      heap.set(fake.state, Fact::PyInterpreterState_atexit_ncallbacks, lie);
      View damaged(fake);
      CHECK(damaged.of_interpreter().empty());
      CHECK(damaged.faults(Fault::absurd_size) == 1);
    }
  });
}

TEST_CASE("a waiting frame: locals by name, the value stack as deep as it says") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    const Address code =
        fake.code({.function = "handle", .locals = {"a", "gone", "b"}, .stack = 3});
    const Address function = heap.list({}), globals = heap.dict({}), space = heap.dict({});
    const Address a = heap.str("a"), b = heap.str("b"), pushed = heap.str("pushed");
    const Address frame = fake.frame(code, {a, 0, b, 0, pushed, 0x1238}, 5);
    heap.set(frame, Fact::_PyInterpreterFrame_f_funcobj, function);
    heap.set(frame, Fact::_PyInterpreterFrame_f_globals, globals);
    heap.set(frame, Fact::_PyInterpreterFrame_f_locals, space);
    fake.thread(4711, frame);
    View view(fake);
    const std::string name = "thread 4711 frame handle() at app.py:7";
    CHECK(view.of(RootKind::frame) == std::vector<NamedRoot>{{name, function, owned},
                                                             {name, code, owned},
                                                             {name, space, owned},
                                                             {name, globals, borrowed},
                                                             {name + " local a", a, owned},
                                                             {name + " local b", b, owned},
                                                             {name + " stack 1", pushed, owned}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("a frame in C code: what may lie on its value stack is inferred, if it is an object") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    const Address code = fake.code({.function = "wait", .locals = {"a", "b"}, .stack = 3});
    const Address a = heap.str("a"), left_over = heap.str("left over"), freed = heap.str("freed");
    heap.set(freed, Fact::PyObject_ob_refcnt, Address{FakeHeap::kHeapBegin});  // a free list's link
    fake.thread(1, fake.frame(code, {a, 0, left_over, 0x1238, freed}, -1));
    View view(fake);
    const std::string name = "thread 1 frame wait() at app.py:7";
    CHECK(view.of(RootKind::frame) ==
          std::vector<NamedRoot>{{name, code, owned},
                                 {name + " local a", a, owned},
                                 {name + " stack 0", left_over, inferred}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("a local that is no object counts") {
  on_each_interpreter([](FakeInterpreter& fake) {
    const Address code = fake.code({.function = "f", .locals = {"a", "b"}});
    fake.thread(1, fake.frame(code, {0x1238, fake.heap.none()}, 2));
    View view(fake);
    CHECK(view.of(RootKind::frame).size() == 2);
    CHECK(view.faults(Fault::unreadable) == 1);
    CHECK(view.faults() == 1);
  });
}

TEST_CASE("frames from the inside out, past those of C code; <module> is called by nobody") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    const Address inner = fake.code({.function = "Queue.get"}),
                  outer = fake.code({.function = "<module>", .file = "/srv/app/__init__.py"});
    const Address outermost = fake.frame(outer, {}, 0), called = fake.frame(inner, {}, -1);
    Address before = outermost;
    if (heap.layout.has(Fact::PyThreadState_current_frame)) {  // what is in the chain but no call
      before = fake.frame(heap.none(), {}, -1);
      fake.own(before, FrameOwner::c_stack);
      heap.set(before, Fact::_PyInterpreterFrame_previous, outermost);
    }
    heap.set(called, Fact::_PyInterpreterFrame_previous, before);
    fake.thread(1, called);
    View view(fake);
    CHECK(view.of(RootKind::frame) ==
          std::vector<NamedRoot>{{"thread 1 frame Queue.get() at app.py:7", inner, owned},
                                 {"thread 1 frame <module> at app/__init__.py:7", outer, owned}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("the frame of a generator that runs: the generator shows what it knows of it") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    const Address code = fake.code({.function = "produce", .locals = {"a"}, .stack = 1});
    const Address a = heap.str("a"), b = heap.str("b");
    for (const bool waiting : {true, false}) {
      const Address generator = fake.generator(code, {a, b}, waiting ? 2 : -1);
      const Address frame = generator + heap.offset(Fact::PyGenObject_gi_iframe);
      fake.thread(1, frame);
      View view(fake);
      const std::string name = "thread 1 frame produce() at app.py:7";
      CHECK(view.of(RootKind::frame) ==
            std::vector<NamedRoot>{{name, code, borrowed},
                                   {name, generator, borrowed},
                                   {name + " local a", a, waiting ? borrowed : owned},
                                   {name + " stack 0", b, waiting ? borrowed : inferred}});
      CHECK(view.faults() == 0);
      fake.forget_threads();
    }
  });
}

TEST_CASE("a chain of frames that runs into itself is read once, and counts") {
  on_each_interpreter([](FakeInterpreter& fake) {
    const Address code = fake.code({.function = "f"});
    const Address first = fake.frame(code, {}, 0), second = fake.frame(code, {}, 0);
    fake.heap.set(first, Fact::_PyInterpreterFrame_previous, second);
    fake.heap.set(second, Fact::_PyInterpreterFrame_previous, first);
    fake.thread(1, first);
    fake.thread(2, second);
    View view(fake);
    CHECK(view.of(RootKind::frame).size() == 2);
    CHECK(view.faults(Fault::broken_chain) == 2);
    CHECK(view.faults() == 2);
  });
}

TEST_CASE("a list of threads that runs into itself ends, and counts") {
  on_each_interpreter([](FakeInterpreter& fake) {
    const Address first = fake.thread(1, 0), second = fake.thread(2, 0);
    fake.heap.set(first, Fact::PyThreadState_next, second);  // new ones stand in front
    fake.heap.set(second, Fact::PyThreadState_dict, fake.heap.dict({}));
    View view(fake);
    CHECK(view.of(RootKind::thread).size() == 1);
    CHECK(view.faults(Fault::broken_chain) == 1);
  });
}

TEST_CASE("lengths of frames that lie are counted, and show nothing") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    const Address code = fake.code({.function = "f", .locals = {"a"}, .stack = 1});
    const Address huge = fake.code({.function = "g", .locals = {"a"}});
    heap.set(huge, Fact::PyCodeObject_co_nlocalsplus, INT32_MAX);
    const Address far = fake.code({.function = "h", .locals = {"a"}});
    heap.set(far, Fact::PyCodeObject_co_stacksize, std::int32_t{1} << 20);
    for (const Address frame :
         {fake.frame(code, {heap.none(), heap.none()}, 3),
          fake.frame(code, {heap.none(), heap.none()}, INT32_MAX),
          fake.frame(huge, {heap.none()}, -1), fake.frame(far, {heap.none()}, -1)}) {
      fake.thread(1, frame);
      View view(fake);
      CHECK(view.of(RootKind::frame).size() == 1);  // its code
      CHECK(view.faults() == 1);
      fake.forget_threads();
    }
  });
}

TEST_CASE("a frame whose code is none counts, and the one that called it is read") {
  on_each_interpreter([](FakeInterpreter& fake) {
    const Address code = fake.code({.function = "f"});
    const Address torn = fake.frame(fake.heap.none(), {}, 0), caller = fake.frame(code, {}, 0);
    fake.heap.set(torn, Fact::_PyInterpreterFrame_previous, caller);
    fake.thread(1, torn);
    fake.thread(2, 0x1238);
    View view(fake);
    CHECK(view.of(RootKind::frame) ==
          std::vector<NamedRoot>{{"thread 1 frame f() at app.py:7", code, owned}});
    CHECK(view.faults(Fault::bad_table) == 1);
    CHECK(view.faults(Fault::unreadable) == 1);
    CHECK(view.faults() == 2);
  });
}

TEST_CASE("names that cannot be read are question marks") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    const Address code = fake.code({.function = "f", .locals = {"a", "b"}});
    heap.set(code, Fact::PyCodeObject_co_qualname, Address{0x1238});
    heap.set(code, Fact::PyCodeObject_co_filename, Address{0x1238});
    heap.set(code, Fact::PyCodeObject_co_linetable, heap.none());
    const Address names = heap.pointer(code, Fact::PyCodeObject_co_localsplusnames);
    heap.set(names, Fact::PyVarObject_ob_size, std::int64_t{1});
    fake.thread(1, fake.frame(code, {heap.none(), heap.none()}, 2));
    View view(fake);
    CHECK(view.of(RootKind::frame) ==
          std::vector<NamedRoot>{{"thread 1 frame ?() at ?", code, owned},
                                 {"thread 1 frame ?() at ? local a", heap.none(), owned},
                                 {"thread 1 frame ?() at ? local ?", heap.none(), owned}});
  });
}

TEST_CASE("threads have the names of threading's own table") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    const Address type = heap.heap_type({.name = "Thread", .attributes = {"_target", "_name"}});
    const Address named = heap.instance(type, {heap.none(), heap.str("worker-3")});
    const Address unnamed = heap.instance(type, {heap.none(), 0});
    const Address active = heap.dict({{heap.integer(0x7f0000000100), named},
                                      {heap.integer(0x7f0000000200), unnamed},
                                      {heap.str("x"), heap.none()}},
                                     KeyTable::general);
    fake.module("threading", {{heap.str("_active"), active}});
    const Address context = heap.dict({});
    for (const Address ident :
         {Address{0x7f0000000100}, Address{0x7f0000000200}, Address{0x7f0000000300}}) {
      const Address thread = fake.thread(ident & 0xfff, 0);
      heap.set(thread, Fact::PyThreadState_thread_id, ident);
      heap.set(thread, Fact::PyThreadState_context, context);
    }
    const Address foreign = fake.thread(0, 0);  // the kernel's number is not known
    heap.set(foreign, Fact::PyThreadState_thread_id, Address{0x7f0000000400});
    heap.set(foreign, Fact::PyThreadState_context, context);
    View view(fake);
    CHECK(view.of(RootKind::thread) ==
          std::vector<NamedRoot>{{"thread 0x7f0000000400 context", context, owned},
                                 {"thread 768 context", context, owned},
                                 {"thread 512 context", context, owned},
                                 {"thread 256 \"worker-3\" context", context, owned}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("a table of threads that is none leaves them without names") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    const Address active = heap.dict({}, KeyTable::general);
    heap.set(heap.pointer(active, Fact::PyDictObject_ma_keys), Fact::PyDictKeysObject_dk_nentries,
             std::int64_t{1} << 60);
    fake.module("threading", {{heap.str("_active"), active}});
    heap.set(fake.thread(1, 0), Fact::PyThreadState_dict, heap.dict({}));
    View view(fake);
    CHECK(view.of(RootKind::thread).at(0).name == "thread 1 thread-locals");
    CHECK(view.faults(Fault::bad_table) == 1);
  });
}

TEST_CASE("exceptions that a thread handles, the innermost first; a loop of them ends") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    const Address thread = fake.thread(1, 0);
    const Address last = thread + heap.offset(Fact::PyThreadState_exc_state);
    const Address item = heap.allocate(heap.offset(Fact::sizeof__PyErr_StackItem));
    const Address own = heap.list({}), of_generator = heap.list({});
    heap.set(last, Fact::_PyErr_StackItem_exc_value, own);
    heap.set(item, Fact::_PyErr_StackItem_exc_value, of_generator);
    heap.set(item, Fact::_PyErr_StackItem_previous_item, last);
    heap.set(thread, Fact::PyThreadState_exc_info, item);
    View view(fake);
    CHECK(view.of(RootKind::thread) ==
          std::vector<NamedRoot>{{"thread 1 handled exception", own, owned},
                                 {"thread 1 handled exception", of_generator, borrowed}});
    CHECK(view.faults() == 0);
    heap.set(last, Fact::_PyErr_StackItem_exc_value, heap.none());  // none is handled
    CHECK(View(fake).of(RootKind::thread) ==
          std::vector<NamedRoot>{{"thread 1 handled exception", of_generator, borrowed}});
    heap.set(item, Fact::_PyErr_StackItem_previous_item, item);
    CHECK(View(fake).faults(Fault::broken_chain) == 1);
  });
}

TEST_CASE("a frame in pages that were left out says so, for another try") {
  on_each_interpreter([](FakeInterpreter& fake) {
    fake.thread(1, 0x7e0000001000);
    std::vector<Mirror::Segment> segments = fake.heap.memory.segments();
    segments.push_back(Mirror::left_out({0x7e0000000000, 0x7e0000002000}));
    FakeView view(fake.heap, std::move(segments));
    CHECK(read_roots(fake.runtime, view.decoders).references.size() == 1);  // sys.modules
    CHECK(view.faults(Fault::left_out) == 1);
    CHECK(view.faults() == 1);
  });
}

TEST_CASE("interned strings are roots of their own, each once") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    FakeHeap::Items items;
    for (int i = 0; i < 20; ++i) {
      const Address text = heap.str("text " + std::to_string(i));
      heap.set(text, Fact::PyASCIIObject_state,
               heap.memory.get<std::uint32_t>(text + heap.offset(Fact::PyASCIIObject_state)) | 1);
      items.emplace_back(text, text);
    }
    const Address interned = heap.dict(items);
    const Address decoy =
        heap.dict({{items[0].first, items[0].first}, {items[1].first, heap.none()}});
    if (heap.layout.has(Fact::PyInterpreterState_cached_objects_interned_strings)) {
      heap.set(fake.state, Fact::PyInterpreterState_cached_objects_interned_strings, interned);
    } else {  // among the static variables of a stripped file
      const Address bss = heap.allocate(0x3000);
      heap.put(bss + 0x100, decoy);
      heap.put(bss + 0x108, Address{0x1238});
      heap.put(bss + 0x1ff8, interned);
      fake.runtime.interned = {bss, bss + 0x3000};
    }
    View view(fake);
    const std::vector<NamedRoot> roots = view.of(RootKind::interned);
    CHECK(roots.size() == items.size());
    for (std::size_t i = 0; i < roots.size(); ++i) {
      CHECK(roots[i] == NamedRoot{"interned strings", items[i].first, borrowed});
    }
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("the table of the file's own strings: buckets of chains, of which one may loop") {
  FakeInterpreter fake("3.12");
  FakeHeap& heap = fake.heap;
  const Address size = heap.offset(Fact::sizeof__Py_hashtable_entry_t);
  const Address first = heap.allocate(size), second = heap.allocate(size);
  const Address table = heap.allocate(heap.offset(Fact::sizeof__Py_hashtable_t));
  const Address buckets = heap.allocate(4 * sizeof(Address)), variable = heap.allocate(8);
  heap.put(variable, table);
  heap.put(buckets + 8, first);
  heap.put(first, second);
  heap.set(first, Fact::_Py_hashtable_entry_t_key, heap.str("a"));
  heap.set(second, Fact::_Py_hashtable_entry_t_key, heap.str("b"));
  heap.allocate(64);  // no str stands at the end of memory
  heap.set(table, Fact::_Py_hashtable_t_buckets, buckets);
  heap.set(table, Fact::_Py_hashtable_t_nbuckets, std::uint64_t{4});
  heap.set(table, Fact::_Py_hashtable_t_nentries, std::uint64_t{2});
  fake.runtime.interned_table = variable;
  View view(fake);
  CHECK(view.of(RootKind::interned).size() == 2);
  CHECK(view.faults() == 0);

  heap.put(second, first);
  View looped(fake);
  CHECK(looped.of(RootKind::interned).size() == 2);
  CHECK(looped.faults(Fault::broken_chain) == 1);

  heap.set(table, Fact::_Py_hashtable_t_nbuckets, std::uint64_t{1} << 60);
  View absurd(fake);
  CHECK(absurd.of(RootKind::interned).empty());
  CHECK(absurd.faults(Fault::absurd_size) == 1);
}

TEST_CASE("signal handlers by the signal's name, found among static variables too") {
  FakeInterpreter fake("3.11");
  FakeHeap& heap = fake.heap;
  const Address bss = heap.allocate(0x2000), table = bss + 0x0f08;  // over a page's end
  const Address by_default = heap.integer(0), handler = heap.list({});
  for (Address i = 1; i < 65; ++i) heap.put(table + i * 16 + 8, by_default);
  heap.put(table + 15 * 16 + 8, handler);
  heap.put(table + 12 * 16 + 8, heap.none());
  const std::vector<NamedRoot> expected{{"signal handler SIGTERM", handler, owned}};
  for (const AddressRange where :
       {AddressRange{bss, bss + 0x2000}, AddressRange{table, table + 65 * 16}}) {
    fake.runtime.signal_handlers = where;
    View view(fake);
    CHECK(view.of_interpreter() == expected);
    CHECK(view.faults() == 0);
  }
}

TEST_CASE("static types are roots, and what is no type is not") {
  on_each_interpreter([](FakeInterpreter& fake) {
    FakeHeap& heap = fake.heap;
    const Address heap_type = heap.heap_type({.name = "Thing"});
    fake.runtime.static_types = {
        heap.type("list"), heap.none(), heap_type, 0x1238, heap.type("list"), 0};
    View view(fake);
    CHECK(view.of(RootKind::static_type) ==
          std::vector<NamedRoot>{{"static type list", heap.type("list"), owned}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("before 3.11 a frame is an object, and shows its locals itself") {
  FakeInterpreter fake("3.10");
  FakeHeap& heap = fake.heap;
  const Address code = fake.code({.function = "f", .stack = 2});
  const Address pushed = heap.integer(1), generator = heap.integer(2);
  const Address outer = fake.frame_object(code, {0x1238, 0}),
                inner = fake.frame_object(code, {pushed, 0});
  heap.set(inner, Fact::PyFrameObject_f_back, outer);
  heap.set(inner, Fact::PyFrameObject_f_gen, generator);
  const Address thread = fake.thread(0, inner);
  heap.set(thread, Fact::PyThreadState_thread_id, Address{0xabc});
  View view(fake);
  const std::string name = "thread 0xabc frame f() at app.py:7";
  CHECK(view.of(RootKind::frame) == std::vector<NamedRoot>{{name, inner, borrowed},
                                                           {name, generator, borrowed},
                                                           {name + " stack 0", pushed, inferred},
                                                           {name, outer, owned}});
  CHECK(view.faults() == 0);

  heap.set(outer, Fact::PyFrameObject_f_back, inner);
  heap.set(outer, Fact::PyFrameObject_f_valuestack, Address{0x1238});
  View damaged(fake);
  CHECK(damaged.of(RootKind::frame).size() == 4);
  CHECK(damaged.faults(Fault::broken_chain) == 1);
  CHECK(damaged.faults(Fault::unreadable) == 1);
}
