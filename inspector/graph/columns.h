// What else is known of some objects, beside the graph. Analyses read it without a target.
#pragma once

#include <cstdint>
#include <string_view>

#include "inspector/graph/sparse_column.h"

namespace heapglass {

// How much a container holds and has room for: items of list, dict, set, deque and array, bytes of
// str, bytes and bytearray.
struct Extent {
  std::uint64_t length = 0;
  std::uint64_t capacity = 0;
};

struct LruCache {
  static constexpr std::int64_t kUnbounded = -1;
  std::int64_t hits = 0, misses = 0;
  std::int64_t maxsize = kUnbounded;
  std::uint64_t length = 0;  // results that it holds
};

struct Lock {
  bool locked = false;
  bool reentrant = false;   // an RLock: the others do not know who holds them
  std::uint64_t owner = 0;  // threading.get_ident() of the thread that holds it
  std::uint64_t count = 0;  // how often
};

enum class FutureState : std::uint8_t { pending, cancelled, finished };

constexpr std::string_view future_state_name(FutureState state) {
  switch (state) {
    case FutureState::pending:
      return "pending";
    case FutureState::cancelled:
      return "cancelled";
    case FutureState::finished:
      return "finished";
  }
  return "unknown";
}

// Which columns are asked for.
enum ColumnSet : unsigned {
  kNoColumns = 0,
  kExtents = 1,
  kContentHashes = 2,  // the one that reads contents: much the slowest
  kDescriptors = 4,
  kCaches = 8,
  kLines = 16,
  kLocks = 32,
  kFutures = 64,
  kAllColumns = 127
};

struct Columns {
  SparseColumn<Extent> extent;
  // Of str and bytes: equal contents of one type have equal hashes. Drawn from contents: to be
  // compared, never to be shown.
  SparseColumn<std::uint64_t> content_hash;
  SparseColumn<std::int32_t> fd;  // of what has a descriptor open; -1: closed, or a map of no file
  SparseColumn<LruCache> lru;
  SparseColumn<std::int32_t> line;  // where a frame, generator, coroutine or traceback stands
  SparseColumn<Lock> lock;
  SparseColumn<FutureState> future;

  void append(const Columns& more) {
    extent.append(more.extent);
    content_hash.append(more.content_hash);
    fd.append(more.fd);
    lru.append(more.lru);
    line.append(more.line);
    lock.append(more.lock);
    future.append(more.future);
  }
};

}  // namespace heapglass
