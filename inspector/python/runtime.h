// From _PyRuntime to the interpreters and their collectors (Include/internal/pycore_runtime.h,
// pycore_interp.h, pycore_gc.h). Small reads, so it works on a running target and on a copy alike.
#pragma once

#include <cstdint>
#include <vector>

#include "symbols/interpreter.h"
#include "symbols/layout.h"
#include "symbols/memory.h"

namespace heapglass {

struct InterpreterState {
  Address address = 0;
  std::int64_t id = 0;
  // Of the collector's state (_gc_runtime_state; static variables up to 3.6), the addresses of the
  // flag that it is at work and of two pointers to lists; 0: unknown, or the first interpreter's.
  Address collecting = 0, garbage = 0, callbacks = 0;
  // Heads of the collector's lists: of the generations, young to old, and of what was frozen. None
  // (and 0) in all but the first interpreter where one collector serves all. Where it has no lists
  // (GcHead::in_object), where their thresholds and counts stand.
  std::vector<Address> generations;
  Address permanent = 0;
  AddressRange static_type_states;     // interp.types.builtins; empty where types have their own
  AddressRange extension_type_states;  // 3.13+: interp.types.for_extensions, of _datetime
};

struct Runtime {
  Address type_type = 0;         // PyType_Type
  Address subtype_traverse = 0;  // tp_traverse of classes made in Python; 0 if none was seen
  Address lookdict = 0;          // dk_lookup of dicts that hold other keys than str; see dict.cpp
  // Up to 3.7, the tuple that `property` passes to getters (cached_args of Objects/descrobject.c):
  // what it had last is left in it, and is none of its references. 0: none, or the file does not
  // name it.
  Address property_arguments = 0;
  std::vector<InterpreterState> interpreters;

  // Of what all interpreters share; empty or 0 where this file does not tell.
  std::vector<Address> static_types;  // type objects in the interpreter's file
  AddressRange signal_handlers;       // of Modules/signalmodule.c: {tripped, func} for each signal
  // Up to 3.11, among which words the pointer to the dict of interned strings stands: one, where
  // the file has its symbols, else all of .bss.
  AddressRange interned;
  Address interned_table = 0;  // 3.12+: of the pointer to the table of the file's own strings
};

// Follows interp.next; at most 1024 interpreters. Empty where the runtime cannot be read. `layout`
// is one that verify_layout passed.
Runtime read_runtime(const Interpreter& interpreter, const Layout& layout, Memory& memory);

// Whether the collector of any interpreter is at work now (gc.collecting).
bool collector_running(const Runtime& runtime, Memory& memory);

}  // namespace heapglass
