// Which addresses are objects: the first half of the walk (walk.h tells how it goes).
#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "inspector/graph/object_set.h"
#include "inspector/python/decoders.h"
#include "inspector/python/pools.h"
#include "inspector/python/reference.h"
#include "inspector/python/roots.h"
#include "inspector/python/runtime.h"
#include "inspector/run.h"

namespace heapglass {

// Two sets over the same memory: what the allocator's pools hold, known before any reference is
// followed; and what else the collector's lists and references lead to (large objects, static ones,
// all of a heap without pools).
struct Found {
  explicit Found(const Mirror& mirror) : cells(mirror), pooled(cells), others(cells) {}

  Cells cells;
  ObjectSet pooled;
  ObjectSet others;

  std::optional<ObjectId> id(Cell cell) const {  // when both sets are numbered
    if (cell == kNoCell) return std::nullopt;
    return pooled.contains(cell) ? ObjectId{pooled.rank(cell)} : others.id(cell);
  }
};

// What each of several threads works with: decoders that count faults apart, and the objects that
// it met and nobody had met before.
struct Worker {
  explicit Worker(const Decoders& shared);
  Worker(const Worker&) = delete;

  Acquisition faults;
  Decoders decoders;
  std::vector<Cell> fresh;
};

// Marks what references point to in `others`, unless it is in `pooled`.
class Marker {
 public:
  Marker(Found& found, Worker& worker) : found_(found), worker_(worker) {}
  void take(std::span<const Reference> references);
  // True if it was not marked yet.
  bool mark(Cell cell) {
    if (!found_.others.insert_shared(cell)) return false;
    worker_.fresh.push_back(cell);
    return true;
  }

 private:
  Found& found_;
  Worker& worker_;
};

// The collector's lists (Modules/gcmodule.c): circular, doubly linked through PyGC_Head.
//
// None of them is walked from end to end: an object in a pool was found there already. But what
// stands beside a tracked object in its list is marked, and what stands beside that if it is in no
// pool either: since a list is closed, nothing is left out. (Free-threaded builds have no lists,
// and all that is tracked in pages of mimalloc's.)
class CollectorLists {
 public:
  CollectorLists(const Runtime& runtime, const Layout& layout, bool gc_running);
  // From the heads of all lists.
  void mark_heads(Found& found, Worker& worker) const;
  // Of an object whose collector's header is `links`, tracked or not.
  void mark_neighbours(const std::byte* links, Found& found, Worker& worker) const;
  // Not while a collection is under way: _gc_prev holds counts instead of links then.
  bool check_links() const { return check_links_; }

 private:
  void follow(Address node, Fact direction, Found& found, Worker& worker) const;
  bool is_head(Address node) const;

  const Layout& layout_;
  Address head_size_ = 0;
  bool check_links_ = true;
  std::vector<Address> heads_;  // sorted
};

using Workers = std::deque<Worker>;
Workers make_workers(const Decoders& decoders);  // worker_count() of them

// Between two tasks: throws Interrupted if that was asked for; worker 0 tells how far it is.
void look_up(const Run& run, std::size_t worker, std::string_view phase, double fraction);

// The collector's header of an object, with its links, or null where it has none.
const std::byte* gc_links(const Object& object, const Decoders& decoders);

// Sweeps the pools, and numbers what is found.
void find_pooled(const std::vector<Pool>& pools, bool check_links, Found& found, Workers& workers,
                 const Run& run);

// Visits what was marked outside of the pools, what the lists and roots lead to first, round by
// round until nothing new turns up; numbers it. `touch_sizes`: looks at what size_of() would, too.
void find_others(const CollectorLists& lists, const RootSet& roots, bool touch_sizes, Found& found,
                 Workers& workers, const Run& run);

}  // namespace heapglass
