// Which objects of a later look were there in an earlier one of the same process.
//
// Addresses are used again, so that an object of one type at one address may be another one. It is
// surely new where
//
// - none of that type's name stood there before, or (bytes, int, tuple) one of another size;
// - it stands in a younger generation of the collector than the one before, or in one that an
//   object that was tracked before cannot be in any more, for all the collections between. Dicts
//   are left out of this: they are untracked and tracked again.
//
// It is surely the same where its generation is older than anything made since can be (no
// collection between moved so far), or where it is immortal; and as good as surely where an object
// that was there before holds it in the same place as then. What nothing tells is `open`.
//
// O(objects · log objects + references), 5 bytes an object.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inspector/graph/big_vector.h"
#include "inspector/graph/columns.h"
#include "inspector/graph/heap_graph.h"
#include "inspector/python/collector_state.h"

namespace heapglass {

// One of several looks at a process.
struct Look {
  const HeapGraph& graph;
  const Columns& columns;
  std::span<const CollectorState> collectors;
  // Whether generations tell something: not while the collector is at work, nor of one without
  // generations (free-threaded builds).
  bool generations = true;
};

struct Survivors {
  static constexpr std::uint32_t kNew = UINT32_MAX;

  BigVector<std::uint32_t> then;  // by object of the later look: which it was; kNew
  std::vector<bool> open;         // by object of the later look: it was there, or is a new one

  bool is_new(std::size_t object) const { return then[object] == kNew; }
};

Survivors survivors(const Look& before, const Look& after);

}  // namespace heapglass
