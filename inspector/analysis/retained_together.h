// What groups of objects retain together, each object counted once: one that another of its group
// dominates adds nothing. One pass over the dominator tree's preorder.
#pragma once

#include <cstdint>
#include <vector>

#include "inspector/analysis/dominators.h"

namespace heapglass {

struct Together {
  std::uint64_t bytes = 0;
  std::uint64_t objects = 0;
};

inline constexpr std::uint32_t kNoGroup = UINT32_MAX;

// `group_of(object)`: below `groups`, or kNoGroup.
template <class GroupOf>
std::vector<Together> retained_together(const Dominators& tree, std::size_t groups,
                                        GroupOf group_of) {
  std::vector<Together> result(groups);
  // By group, where in the preorder the subtree of the last topmost object ends.
  std::vector<std::size_t> end(groups);
  for (std::size_t at = 0; at < tree.preorder.size(); ++at) {
    const std::uint32_t object = tree.preorder[at];
    if (!tree.is_object(object)) continue;
    const std::uint32_t group = group_of(object);
    if (group == kNoGroup || at < end[group]) continue;
    end[group] = at + tree.nodes[object];
    result[group].bytes += tree.bytes[object];
    result[group].objects += tree.nodes[object];
  }
  return result;
}

}  // namespace heapglass
