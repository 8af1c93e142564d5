// inspector/python/frame.h: frames that are objects, up to 3.10, and the code that they run. Those
// of later versions are held against real ones only.
#include "inspector/python/frame.h"

#include <doctest/doctest.h>

#include "tests/support/fake_view.h"

using namespace heapglass;

using Expected = std::vector<Shown>;

namespace {

Address code(FakeHeap& heap, std::int32_t stacksize) {
  const Address type =
      heap.static_type("code", heap.type("object"), heap.layout[Fact::sizeof_PyCodeObject]);
  const Address address = heap.object(type);
  heap.set(address, Fact::PyCodeObject_co_stacksize, stacksize);
  return address;
}

// A frame with `locals`, and `stack` as a suspended one leaves it; `spare` pointers more than its
// code needs were allocated.
Address frame(FakeHeap& heap, Address code, const std::vector<Address>& locals,
              const std::vector<Address>& stack, std::size_t spare = 0) {
  constexpr std::size_t kWord = sizeof(Address);
  const Address type = heap.static_type(
      "frame", heap.type("object"), heap.layout[Fact::sizeof_PyFrameObject], kWord, kFlagHaveGc);
  const auto stacksize = static_cast<std::size_t>(
      heap.memory.get<std::int32_t>(code + heap.offset(Fact::PyCodeObject_co_stacksize)));
  const std::size_t slots = locals.size() + stacksize + spare;
  const Address address =
      heap.object(type, heap.offset(Fact::sizeof_PyFrameObject) + slots * kWord);
  const Address first = address + heap.offset(Fact::PyFrameObject_f_localsplus);
  const Address value_stack = first + locals.size() * kWord;
  heap.set(address, Fact::PyVarObject_ob_size, slots);
  heap.set(address, Fact::PyFrameObject_f_code, code);
  heap.set(address, Fact::PyFrameObject_f_valuestack, value_stack);
  if (heap.layout.has(Fact::PyFrameObject_f_stackdepth)) {
    heap.set(address, Fact::PyFrameObject_f_stackdepth, static_cast<std::int32_t>(stack.size()));
  } else {
    heap.set(address, Fact::PyFrameObject_f_stacktop, value_stack + stack.size() * kWord);
  }
  for (std::size_t i = 0; i < locals.size(); ++i) heap.put(first + i * kWord, locals[i]);
  for (std::size_t i = 0; i < stack.size(); ++i) heap.put(value_stack + i * kWord, stack[i]);
  return address;
}

// As in the middle of a call: the top of its stack is in a register.
void make_running(FakeHeap& heap, Address frame) {
  if (heap.layout.has(Fact::PyFrameObject_f_stackdepth)) {
    heap.set(frame, Fact::PyFrameObject_f_stackdepth, std::int32_t{-1});
  } else {
    heap.set(frame, Fact::PyFrameObject_f_stacktop, Address{0});
  }
}

}  // namespace

TEST_CASE("a suspended frame shows its fields, its locals and its value stack") {
  on_each_old_build([](FakeHeap& heap) {
    const Address one = heap.integer(1), two = heap.integer(2), three = heap.integer(3);
    const Address its_code = code(heap, 4), globals = heap.dict({});
    const Address suspended = frame(heap, its_code, {one, 0, two}, {three, one});
    heap.set(suspended, Fact::PyFrameObject_f_globals, globals);
    FakeView view(heap);
    CHECK(view.references(suspended) == Expected{{one, "local 0"},
                                                 {two, "local 2"},
                                                 {three, "local 3"},
                                                 {one, "local 4"},
                                                 {its_code, ".f_code"},
                                                 {globals, ".f_globals"}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("a running frame shows its locals and nothing of its value stack") {
  on_each_old_build([](FakeHeap& heap) {
    const Address one = heap.integer(1), its_code = code(heap, 4);
    const Address running = frame(heap, its_code, {one}, {one, one});
    make_running(heap, running);
    FakeView view(heap);
    CHECK(view.references(running) == Expected{{one, "local 0"}, {its_code, ".f_code"}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("a frame weighs what its code needs; what was allocated is its footprint") {
  on_each_old_build([](FakeHeap& heap) {
    // def f(a, b): c = [a]; def g(): return c; import sys; return sys._getframe()
    const Address none = heap.none(), its_code = code(heap, 3);
    const Address fits = frame(heap, its_code, {none, none, none, none, none}, {});
    const Address reused = frame(heap, its_code, {none, none, none, none, none}, {}, 2);
    FakeView view(heap);
    const std::uint64_t bytes = heap.offset(Fact::sizeof_PyFrameObject) == 368 ? 440 : 432;
    CHECK(view.bytes(fits) == bytes);
    CHECK(view.bytes(reused) == bytes);
    const auto footprint = [&](Address object) {
      return size_of(*open_object(object, view.decoders), view.decoders).footprint;
    };
    CHECK(footprint(fits) >= bytes + 8);
    CHECK(footprint(reused) - footprint(fits) == 16);
  });
}

TEST_CASE("a frame whose value stack is not behind its locals shows its fields only") {
  on_each_old_build([](FakeHeap& heap) {
    const Address its_code = code(heap, 4);
    const auto damaged = [&](Fact field, auto value) {
      const Address victim = frame(heap, its_code, {heap.none()}, {heap.none()});
      heap.set(victim, field, value);
      FakeView view(heap);
      CHECK(view.references(victim) == Expected{{its_code, ".f_code"}});
      CHECK(view.faults() == 1);
      CHECK(view.faults(Fault::absurd_size) == 1);
      CHECK(view.bytes(victim) < 1000);
    };
    for (const Address nowhere : {Address{0}, Address{0x1000}, Address{0x666600000000},
                                  FakeHeap::kHeapBegin + 1, ~Address{0}}) {
      CAPTURE(nowhere);
      damaged(Fact::PyFrameObject_f_valuestack, nowhere);
    }
    for (const std::int64_t size : {std::int64_t{0}, std::int64_t{1} << 60, INT64_MIN, INT64_MAX}) {
      CAPTURE(size);
      damaged(Fact::PyVarObject_ob_size, size);
    }
  });
}

TEST_CASE("a frame whose stack is deeper than it was made counts, and shows its locals") {
  on_each_old_build([](FakeHeap& heap) {
    const Address its_code = code(heap, 2);
    const Address deep = frame(heap, its_code, {heap.none()}, {heap.none()});
    if (heap.layout.has(Fact::PyFrameObject_f_stackdepth)) {
      heap.set(deep, Fact::PyFrameObject_f_stackdepth, std::int32_t{INT32_MAX});
    } else {
      heap.set(deep, Fact::PyFrameObject_f_stacktop, Address{0x7fff00000000});
    }
    FakeView view(heap);
    CHECK(view.references(deep) == Expected{{heap.none(), "local 0"}, {its_code, ".f_code"}});
    CHECK(view.faults(Fault::absurd_size) == 1);
    CHECK(view.faults() == 1);
  });
}

TEST_CASE("a frame without a readable code weighs its head") {
  on_each_old_build([](FakeHeap& heap) {
    const Address lost = frame(heap, code(heap, 2), {heap.none()}, {});
    heap.set(lost, Fact::PyFrameObject_f_code, Address{0x666600000000});
    const Address liar = code(heap, INT32_MAX);
    heap.set(liar, Fact::PyCodeObject_co_stacksize, std::int32_t{4});
    const Address absurd = frame(heap, liar, {heap.none()}, {});
    heap.set(liar, Fact::PyCodeObject_co_stacksize, std::int32_t{INT32_MAX});
    FakeView view(heap);
    const std::uint64_t head = 16 + heap.offset(Fact::sizeof_PyFrameObject);
    CHECK(view.bytes(lost) == head);
    CHECK(view.bytes(absurd) == head + 4 * 8);  // no more than was allocated
  });
}

TEST_CASE("code weighs which cells are arguments and its caches; a frame kept is footprint") {
  on_each_old_build([](FakeHeap& heap) {
    const Address plain = code(heap, 2), with_tables = code(heap, 2);
    const Address cells = heap.tuple({heap.str("a"), heap.str("b")});
    const Address bytes = heap.object(heap.type("bytes"), 33 + 100);
    heap.set(bytes, Fact::PyVarObject_ob_size, std::int64_t{100});
    heap.set(with_tables, Fact::PyCodeObject_co_cellvars, cells);
    heap.set(with_tables, Fact::PyCodeObject_co_code, bytes);
    const Address kept = frame(heap, plain, {heap.none()}, {});
    FakeView bare(heap);
    CHECK(bare.bytes(plain) == 176);
    CHECK(bare.bytes(with_tables) == 176);

    heap.set(with_tables, Fact::PyCodeObject_co_cell2arg, heap.allocate(16));
    heap.set(with_tables, Fact::PyCodeObject_co_opcache, heap.allocate(96));
    heap.set(with_tables, Fact::PyCodeObject_co_opcache_size, std::uint8_t{3});
    heap.set(plain, Fact::PyCodeObject_co_zombieframe, kept);
    FakeView view(heap);
    const auto footprint = [](FakeView& in, Address object) {
      return size_of(*open_object(object, in.decoders), in.decoders).footprint;
    };
    CHECK(view.bytes(with_tables) == 176 + 2 * 8 + 50 + 3 * heap.offset(Fact::sizeof__PyOpcache));
    CHECK(view.bytes(plain) == 176);
    CHECK(footprint(view, plain) >
          footprint(bare, plain) + heap.offset(Fact::sizeof_PyFrameObject));
    CHECK(view.references(plain) == Expected{});  // what it keeps is no object
    CHECK(view.faults() == 0);
  });
}
