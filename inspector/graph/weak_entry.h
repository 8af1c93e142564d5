// A weak reference that takes itself out of where it is kept once its object goes: an entry of a
// WeakValueDictionary, WeakKeyDictionary or WeakSet, or a weakref.finalize.
#pragma once

#include "inspector/graph/heap_graph.h"

namespace heapglass {

struct WeakEntry {
  ObjectId reference{};  // the weak reference itself
  ObjectId object{};     // what it refers to
};

}  // namespace heapglass
