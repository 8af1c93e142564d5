// symbols/runtime_facts.h: facts that move with every micro version are found where they are.
#include "symbols/runtime_facts.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/fake_memory.h"

using namespace heapglass;

namespace {

constexpr Address kType = 0x10000, kRuntime = 0x20000, kState = 0x100000, kThread = 0x400000;
constexpr Address kIdle = 0x500000;

// As much of a 3.13 as the checks up to the collector look at: `type`, a runtime, an interpreter
// and its thread, and the three generations at `generations` of the collector's state.
struct FakeRuntime {
  explicit FakeRuntime(Address generations) {
    memory.add({kType, kType + 0x1000});
    memory.add({kRuntime, kRuntime + 0x10000});
    memory.add({kState, kState + 0x40000});
    memory.add({kThread, kThread + 0x1000});
    memory.add({kIdle, kIdle + 0x40000});
    interpreter.runtime = {kRuntime, kRuntime + 0x10000};
    interpreter.image.symbols["PyType_Type"] = {kType, 0};
    interpreter.version = {3, 13, 5, ""};
    set(kType, Fact::PyObject_ob_type, kType);
    set(kType, Fact::PyTypeObject_tp_basicsize, Address{928});
    set(kRuntime, Fact::_PyRuntimeState_interpreters_head, kState);
    set(kState, Fact::PyInterpreterState_threads_head, kThread);
    set(kThread, Fact::PyThreadState_interp, kState);
    gc = kState + offset(Fact::PyInterpreterState_gc);
    place_collector(generations);
  }

  Address offset(Fact fact) const { return static_cast<Address>(layout[fact]); }
  void set(Address structure, Fact field, Address value) {
    memory.put(structure + offset(field), value);
  }
  void place_collector(Address generations) {
    set(gc, Fact::_gc_runtime_state_generation0, gc + generations);
    for (Address i = 0; i < 3; ++i) {
      const Address head = gc + generations + i * offset(Fact::sizeof_gc_generation);
      memory.put(head, head);  // empty lists
      memory.put(head + 8, head);
    }
  }
  bool passes(const std::string& name) {
    const auto checks = verify_layout(layout, interpreter, memory);
    const auto at = std::find_if(checks.begin(), checks.end(),
                                 [&](const LayoutCheck& check) { return check.name == name; });
    REQUIRE(at != checks.end());
    return at->passed;
  }

  FakeMemory memory;
  Layout layout = load_layout("3.13");
  Interpreter interpreter;
  Address gc = 0;
};

}  // namespace

TEST_CASE("runtime facts: the generations end where the pointer to the first stands") {
  FakeRuntime runtime(24);
  CHECK(runtime.passes("gc"));
  CHECK(runtime.layout.source(Fact::PyInterpreterState_gc) == FactSource::file);
}

TEST_CASE("runtime facts: or four bytes before it, as in Debian's 3.13") {
  FakeRuntime runtime(20);
  CHECK(runtime.passes("gc"));
  CHECK(runtime.layout.source(Fact::PyInterpreterState_gc) == FactSource::file);
}

TEST_CASE("runtime facts: and nowhere else") {
  for (const Address generations : {Address{0}, Address{16}, Address{28}, Address{200}}) {
    CAPTURE(generations);
    FakeRuntime runtime(generations);
    CHECK_FALSE(runtime.passes("gc"));
  }
}

TEST_CASE("runtime facts: a collector elsewhere in the state is found, in Debian's form too") {
  for (const Address generations : {Address{24}, Address{20}}) {
    CAPTURE(generations);
    FakeRuntime runtime(24);
    runtime.set(runtime.gc, Fact::_gc_runtime_state_generation0, 0);
    runtime.gc += 48;
    runtime.place_collector(generations);
    CHECK(runtime.passes("gc"));
    CHECK(runtime.layout.source(Fact::PyInterpreterState_gc) == FactSource::probe);
    CHECK(kState + runtime.offset(Fact::PyInterpreterState_gc) == runtime.gc);
  }
}

TEST_CASE("runtime facts: an interpreter that has no thread is no reason to pass over it") {
  constexpr Fact kHead = Fact::_PyRuntimeState_interpreters_head;
  FakeRuntime runtime(24);
  // A sub-interpreter that nothing runs in stands before the main one.
  runtime.set(kRuntime, kHead, kIdle);
  runtime.memory.put(kRuntime + runtime.offset(kHead) + 8, kState);  // interpreters.main
  runtime.set(kIdle, Fact::PyInterpreterState_next, kState);
  const Address offset = runtime.offset(kHead);
  SUBCASE("where the file has it") {
    CHECK(runtime.passes("interpreters.head"));
    CHECK(runtime.layout.source(kHead) == FactSource::file);
  }
  SUBCASE("where it has to be looked for") { runtime.layout.remove(kHead); }
  CHECK(runtime.passes("gc"));
  CHECK(runtime.offset(kHead) == offset);
}

TEST_CASE("runtime facts: interpreters that lead nowhere end in a refusal") {
  FakeRuntime runtime(24);
  runtime.set(kState, Fact::PyInterpreterState_threads_head, 0);
  runtime.set(kState, Fact::PyInterpreterState_next, kState);
  CHECK_FALSE(runtime.passes("interpreters.head"));
}
