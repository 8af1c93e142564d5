// Paths of many objects, those of one shape together: "1,988 of 2,000 are held like this". Two
// paths have one shape if they begin at roots of one name and go by the same labels, where
// positions in lists, deques and the like are all one. An attribute that is followed again and
// again
// (`.next.next…`, in an instance's dict or not) is one step, an item (`[3][0]…`) three at most.
//
// Each object that lies on a path gets the number of its shape once: O(objects on paths), 4 bytes
// an object.
#pragma once

#include <cstdint>
#include <vector>

#include "inspector/analysis/shortest_paths.h"

namespace heapglass {

struct PathShape {
  ObjectId example{};  // the first of the objects
  std::uint64_t count = 0;
  std::uint64_t footprint = 0;  // of the objects
};

struct PathShapes {
  std::vector<PathShape> shapes;  // most objects first
  std::uint64_t without = 0;      // objects to which no path leads
};

inline constexpr std::uint32_t kNoShape = UINT32_MAX;

// By position in `objects`: a number for the shape of its path; kNoShape where there is none.
std::vector<std::uint32_t> shape_numbers(const HeapGraph& graph, const ShortestPaths& paths,
                                         const std::vector<ObjectId>& objects);

PathShapes path_shapes(const HeapGraph& graph, const ShortestPaths& paths,
                       const std::vector<ObjectId>& objects);

}  // namespace heapglass
