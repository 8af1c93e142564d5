// inspector/python/module.cpp, atexit.cpp: what the C state of a module shows.

#include <doctest/doctest.h>

#include "tests/support/fake_view.h"

using namespace heapglass;

using Expected = std::vector<Shown>;

namespace {

// A module of that name with a state of `size` bytes at `state`.
Address module(FakeHeap& heap, const std::string& name, Address state, std::int64_t size) {
  const Address type = heap.static_type("module", heap.type("object"),
                                        heap.layout[Fact::sizeof_PyModuleObject], 0, kFlagHaveGc);
  const Address definition = heap.allocate(heap.offset(Fact::sizeof_PyModuleDef));
  heap.set(definition, Fact::PyModuleDef_m_size, size);
  const Address address = heap.object(type);
  heap.set(address, Fact::PyModuleObject_md_def, definition);
  heap.set(address, Fact::PyModuleObject_md_state, state);
  heap.set(address, Fact::PyModuleObject_md_name, heap.str(name));
  return address;
}

}  // namespace

TEST_CASE("atexit shows its functions up to 3.9, but for those that were unregistered") {
  for (const std::string build : {"3.8", "3.9"}) {
    CAPTURE(build);
    FakeHeap heap(build);
    const Address function = heap.object(heap.type("function")), arguments = heap.tuple({});
    const Address callback = heap.allocate(heap.offset(Fact::sizeof_atexit_callback));
    heap.set(callback, Fact::atexit_callback_func, function);
    heap.set(callback, Fact::atexit_callback_args, arguments);
    const Address array = heap.allocate(32 * 8);
    heap.put(array + 8, callback);
    const Address state = heap.allocate(heap.offset(Fact::sizeof_atexitmodule_state));
    heap.set(state, Fact::atexitmodule_state_atexit_callbacks, array);
    heap.set(state, Fact::atexitmodule_state_ncallbacks, std::int32_t{2});
    const Address atexit = module(heap, "atexit", state, 16);
    const Address name = heap.pointer(atexit, Fact::PyModuleObject_md_name);
    {
      FakeView view(heap);
      CHECK(view.references(atexit) == Expected{{function, "<callback>"},
                                                {arguments, "<callback>"},
                                                {name, "<name>", kOwned}});
      CHECK(view.faults() == 0);
    }
    for (const std::int32_t count : {-1, INT32_MIN, INT32_MAX}) {
      CAPTURE(count);
      heap.set(state, Fact::atexitmodule_state_ncallbacks, count);
      FakeView view(heap);
      CHECK(view.references(atexit) == Expected{{name, "<name>", kOwned}});
      CHECK(view.faults(Fault::absurd_size) == 1);
    }
  }
}

TEST_CASE("what a module's state was found to borrow is no reference") {
  FakeHeap heap("3.8");
  const Address state = heap.allocate(16);
  const Address binascii = module(heap, "binascii", state, 16);
  heap.put(state, heap.heap_type({.name = "Error"}));
  heap.put(state + 8, heap.heap_type({.name = "Incomplete"}));
  FakeView view(heap);
  CHECK(view.references(binascii) ==
        Expected{{heap.pointer(binascii, Fact::PyModuleObject_md_name), "<name>", kOwned}});
}
