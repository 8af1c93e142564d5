// Facts that move with every micro version and distribution: what lies inside _PyRuntime and the
// interpreter state. The layout file's values are a first guess; each is checked on the target, and
// what fails (or is absent) is looked for by a property that only the right place has.
//
//   interpreters.head   a pointer to a state whose thread state points back to it
//   threads.head        a pointer to a thread state that points back to this interpreter
//   gc                  generation0 points to the generations before it, heads of circular lists;
//                       where there are no lists, gc.garbage and gc.callbacks are lists
//   sysdict             a dict that has the key 'modules'
//   managed dicts       what PyObject_VisitManagedDict asks for first (managed_dict_code.h)
//   types.builtins      a table whose entry for `type` stands at type's own index
#pragma once

#include <string>
#include <vector>

#include "symbols/interpreter.h"
#include "symbols/layout.h"
#include "symbols/memory.h"

namespace heapglass {

struct LayoutCheck {
  std::string name;  // "type(type) is type"
  bool passed = false;
  std::string detail;  // what was found; for a failed one also what was expected
};

// Checks `layout` against the target and mends its runtime facts in place (their source becomes
// `probe`). The target may be running. The layout can be trusted if every check passed.
std::vector<LayoutCheck> verify_layout(Layout& layout, Interpreter& interpreter, Memory& memory);

}  // namespace heapglass
