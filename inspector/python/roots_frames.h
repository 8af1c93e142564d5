// The frames of running functions (Python/frame.c; before 3.11 Objects/frameobject.c) and what they
// hold.
//
// From 3.11 on a frame is no object: it stands in its thread's data stack, or in the generator that
// runs in it. Its locals are always where they should be. Of its value stack the depth is known
// only while it waits for a function of Python's that it called itself; while it is in C code (or
// runs), what lies there is looked at as far as the stack may reach, and is `inferred`: an earlier
// call may have left it. Before 3.11 a frame is an object and shows its locals itself, never its
// value stack.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "inspector/python/root_writer.h"

namespace heapglass {

class FrameReader {
 public:
  FrameReader(const Decoders& decoders, RootWriter& writer)
      : decoders_(decoders), writer_(writer) {}

  // Those of the thread whose state is at `thread`, which their names call `label`. No frame is
  // told twice: a chain that runs into itself or into another thread's ends there. At most a
  // million frames and four million slots of them.
  void read(Address thread, std::string_view label);

 private:
  // Where a frame stands in its code, and how its roots are called there.
  struct Place {
    std::string name;                  // "thread 4711 frame handle() at app.py:42"
    std::uint32_t index = 0;           // of it
    std::vector<std::uint32_t> slots;  // indices of the names of locals and stack; kNoName: not yet
  };
  // What is the same for each call of a function.
  struct Code {
    std::string function, file;
    std::int64_t first_line = 0;
    std::span<const std::byte> table;     // of lines
    std::span<const std::byte> names;     // pointers of co_localsplusnames
    std::uint64_t locals = 0, stack = 0;  // co_nlocalsplus, co_stacksize
    std::unordered_map<std::int64_t, Place> places;
  };
  Code* code_of(Address code);  // null: no code object
  std::span<const std::byte> names_of(const Object& code) const;
  Place& place_of(Code& code, std::string_view label, std::int64_t position);
  std::uint32_t slot_name(const Code& code, Place& place, std::uint64_t i);

  bool enter(Address frame);
  Address innermost(Address thread) const;
  // Both give the frame that called it.
  Address read_frame(Address frame, std::string_view label);
  Address read_frame_object(Address frame, std::string_view label);
  void read_slots(Address frame, const std::byte* head, const Code& code, bool of_generator,
                  Place& place);
  void read_stack(Address stack, const Code& code, Place& place);

  const Decoders& decoders_;
  RootWriter& writer_;
  std::unordered_map<Address, Code> codes_;  // of this thread's frames
  std::unordered_set<Address> seen_;
  std::uint64_t slots_left_ = std::uint64_t{1} << 22;
  std::uint64_t table_bytes_left_ = std::uint64_t{1} << 28;  // to be looked through for lines
};

}  // namespace heapglass
