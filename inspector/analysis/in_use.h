// What running code works with: however much it is, it will go when the code is done.
#pragma once

#include <vector>

#include "inspector/analysis/shortest_paths.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

class InUse {
 public:
  // One pass over the types of objects. `graph` must outlive it.
  explicit InUse(const HeapGraph& graph);

  // Whether the path begins at a running function.
  bool from_frame(const Path& path) const;
  // Whether its local variable holds the object itself, or a container of it.
  bool by_local(const Path& path) const;
  // Whether the function will end: it is none that runs for as long as the program, by its name.
  bool for_a_while(const Path& path) const;
  // Whether a suspended generator or coroutine has it in hand: connections, say, of which each is
  // served by one.
  bool in_hand(ObjectId object) const { return in_hand_[index(object)]; }

 private:
  const HeapGraph& graph_;
  std::vector<bool> in_hand_;  // by object
};

}  // namespace heapglass
