// Where builds without a `_PyRuntime` (3.6) keep what it holds later: in static variables of the
// interpreter's file (Python/pystate.c, Modules/gcmodule.c), which a stripped file does not name.
#pragma once

#include <optional>

#include "symbols/interpreter.h"
#include "symbols/layout.h"
#include "symbols/memory.h"

namespace heapglass {

// Of the pointer to the first interpreter's state: interpreters.head of _PyRuntime, or
// `interp_head` by its symbol or by the code of PyInterpreterState_Head, which only loads it. 0:
// not found.
Address interpreters_head_at(const Interpreter& interpreter, const Layout& layout, Memory& memory);

// Of the pointer to the collector's youngest generation, where it is a variable of its own.
std::optional<Address> generation0_at(const Interpreter& interpreter);

}  // namespace heapglass
