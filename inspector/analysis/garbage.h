// What the collector would find unreachable, were it to run over all generations now.
//
// Method (Modules/gcmodule.c, deduce_unreachable; from 3.12 on Python/gc.c): among the objects in
// its lists it subtracts from each count the references that the others' tp_traverse shows. What
// has a rest is held from outside, and alive with all that it reaches; what is left is garbage,
// whether it stands in a cycle or hangs off one.
//
// - Only objects in the lists take part. A reference from an untracked object (a tuple that was
//   untracked, an iterator without a header), from the C stack, or from a frame that is no object
//   stays in the count, so what it leads to is alive. The same goes for every reference that only
//   we know (`owned`) or guess (`inferred`): it is never subtracted. Nor is one that is not counted
//   (`borrowed`); what a running frame so holds is alive (gc_visit_thread_stacks).
// - Objects that gc.freeze() put aside and immortal ones (which the collector puts aside when it
//   meets them) are no candidates, and what they hold is alive.
// - What is in gc.garbage already is held by it, and alive.
//
// gc.collect() returns the number of all of them, those included that have a legacy finalizer
// (tp_del) or are reached from one and therefore go to gc.garbage. But it counts after the
// finalizers were called: suspended generators and coroutines have been closed by then, and what
// only their frames held is gone. And it adds the weak references that their own callbacks freed,
// which the standard library's do (a WeakSet's, of all tasks of asyncio). So much is known from
// outside, and `collected` reckons with it. Not to be known: what a __del__ or a callback of the
// program's own frees or resurrects.
//
// O(objects + references), iterative; 5 bytes an object.
#pragma once

#include <cstdint>
#include <span>

#include "inspector/graph/heap_graph.h"
#include "inspector/graph/id_set.h"
#include "inspector/graph/weak_entry.h"

namespace heapglass {

struct Garbage {
  IdSet objects;  // unreachable: what gc.collect() would count
  IdSet legacy;   // of these, what has a legacy finalizer or is reached from one: never freed
  std::uint64_t count = 0;  // of `objects`
  std::uint64_t bytes = 0;
  std::uint64_t collected = 0;  // what gc.collect() would return
  std::uint64_t legacy_count = 0;
  std::uint64_t kept = 0;  // items of gc.garbage: found earlier, held by that list
};

// `entries`: weak references that the standard library's callbacks will free.
Garbage find_garbage(const HeapGraph& graph, std::span<const WeakEntry> entries = {});

}  // namespace heapglass
