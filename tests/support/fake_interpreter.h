// An interpreter in a FakeHeap: its state, sys.modules, threads and frames, as far as the roots are
// looked for in them. Every frame stands on line 7 of /srv/app.py unless its code says otherwise.
#pragma once

#include <string>
#include <vector>

#include "inspector/python/frame.h"
#include "tests/support/fake_view.h"

namespace heapglass {

struct FakeInterpreter {
  explicit FakeInterpreter(std::string_view layout_name);

  struct Code {
    std::string function;
    std::string file = "/srv/app.py";
    std::vector<std::string> locals = {};
    std::int32_t stack = 0;  // co_stacksize
  };
  Address code(const Code& code);
  // In sys.modules; the items are its globals.
  Address module(std::string_view name, const FakeHeap::Items& globals);
  Address modules();  // the dict

  // A thread's frame; `slots` is what localsplus holds.
  Address frame(Address code, const std::vector<Address>& slots, std::int32_t stacktop);
  Address generator(Address code, const std::vector<Address>& slots, std::int32_t stacktop);
  Address frame_object(Address code, const std::vector<Address>& stack);  // before 3.11
  void own(Address frame, FrameOwner owner) {
    heap.set(frame, Fact::_PyInterpreterFrame_owner, static_cast<std::int8_t>(owner));
  }

  // A thread state in front of those that there are; the kernel's number, and its innermost frame.
  Address thread(std::uint64_t native_id, Address frame);
  void forget_threads() { heap.set(state, Fact::PyInterpreterState_threads_head, Address{0}); }

  FakeHeap heap;
  Address state = 0;  // PyInterpreterState
  Runtime runtime;
  std::vector<AddressRange> static_type_states;

 private:
  void fill_frame(Address frame, Address code, const std::vector<Address>& slots,
                  std::int32_t stacktop);

  FakeHeap::Items in_modules_;
};

}  // namespace heapglass
