// Interpreter frames (_PyInterpreterFrame, 3.11+; Python/frame.c): in a thread's data stack, in a
// generator, or in the frame object that outlived them. Up to 3.10 a frame is the frame object
// (PyFrameObject; Objects/frameobject.c).
#pragma once

#include <optional>

#include "inspector/python/decoders.h"
#include "inspector/python/reference.h"

namespace heapglass {

// Include/internal/pycore_frame.h, enum _frameowner.
enum class FrameOwner : std::int8_t {
  thread = 0,
  generator = 1,
  frame_object = 2,
  c_stack = 3  // 3.12+, and whatever is above: where C code called the interpreter; of no function
};

// What a frame's owner calls it and its code: a frame object or a generator.
struct FrameNames {
  FixedName frame = FixedName::frame;
  FixedName code = FixedName::code;
  FixedName locals = FixedName::locals;
};

// What _PyFrame_Traverse shows of the frame at `frame`: its frame object, f_locals, function, code,
// locals and the used part of the value stack. Nothing while it runs (stacktop is -1 then).
void visit_interpreter_frame(Address frame, const FrameNames& names, const Decoders& decoders,
                             Sink& sink);

// co_nlocalsplus + co_stacksize of the frame's code: the pointers behind localsplus; 0 if
// unreadable.
std::uint64_t frame_slots(Address code, const Decoders& decoders);

// Of the instruction at which a frame stands, whose bytes are `head`, in the bytes of its code.
std::int64_t instruction_position(const std::byte* head, Address code, const Decoders& decoders);

// Of a frame object up to 3.10: how many pointers behind f_localsplus are locals, cells and free
// variables (frame_nslots); its value stack stands behind them. nullopt: not where it can stand.
std::optional<std::uint64_t> frame_locals(const Object& frame, const Decoders& decoders);

}  // namespace heapglass
