#include "inspector/graph/heap_graph.h"

#include <algorithm>

namespace heapglass {

std::optional<ObjectId> HeapGraph::find(Address at) const {
  const auto middle = address.begin() + static_cast<std::ptrdiff_t>(pooled);
  for (const auto& [begin, end] : {std::pair{address.begin(), middle}, {middle, address.end()}}) {
    const auto found = std::lower_bound(begin, end, at);
    if (found != end && *found == at) {
      return ObjectId{static_cast<std::uint32_t>(found - address.begin())};
    }
  }
  return std::nullopt;
}

}  // namespace heapglass
