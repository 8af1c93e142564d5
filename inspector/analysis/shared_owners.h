// Who holds together what none of them holds alone: "these two caches together hold 90,000 objects;
// either alone 300".
//
// Method: an object that several hold hangs, in the dominator tree, from the nearest object X that
// dominates them all. Each reference to it comes from below one child of X: the holder. Where the
// holder itself is held by several and not by X, its holders stand for it, and so on, to at most
// three (a fixed point of sets that only grow: each object's changes four times at most). Classes,
// modules and modules' dicts, which half the program refers to, stand for themselves. Objects with
// the same two or three holders are a group. In the end each holder is told as exactly as can be:
// as the last object on the way to all that refer to the group from below it.
//
// One pass over the tree in preorder tells the child of X from the path to the referrer:
// O(objects + references), 16 bytes an object and 16 for each reference that is no edge of the
// tree.
#pragma once

#include <cstdint>
#include <vector>

#include "inspector/analysis/dominators.h"

namespace heapglass {

struct SharedGroup {
  std::vector<std::uint32_t> holders;  // nodes of the tree, two or three
  std::uint64_t objects = 0;           // that go when all holders go, and not before
  std::uint64_t bytes = 0;
  ObjectId example{};          // the heaviest of those held directly
  std::uint64_t examples = 0;  // how many there are of its type
};

// Most bytes first; those of at least `least` bytes.
std::vector<SharedGroup> shared_groups(const HeapGraph& graph, const Dominators& tree,
                                       std::uint64_t least);

}  // namespace heapglass
