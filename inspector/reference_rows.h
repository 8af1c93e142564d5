// References on their way into the graph: written by several threads, a range of objects at a time,
// and put behind each other in the order of the objects, whoever is done first.
#pragma once

#include <array>
#include <limits>
#include <map>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "inspector/found.h"
#include "inspector/graph/edge.h"
#include "symbols/failure.h"

namespace heapglass {

constexpr ObjectId kNoObject{std::numeric_limits<std::uint32_t>::max()};

// The references of a range of objects, before they stand in the graph.
struct Rows {
  BigVector<ObjectId> to;
  BigVector<std::uint32_t> edge;
  struct Pending {  // `to` of a reference to an object that has no id yet
    std::uint64_t reference = 0;
    Cell cell = 0;
  };
  std::vector<Pending> pending;
};

// Takes references into rows. What they lead to has an id already, or (`marker`) is marked. One
// that leads nowhere takes its place all the same, as kNoObject.
class RowWriter {
 public:
  RowWriter(const Found& found, const Decoders& decoders, Marker* marker, Rows& rows)
      : found_(found), decoders_(decoders), marker_(marker), rows_(rows) {
    rows_.to.reserve(kRoom);
    rows_.edge.reserve(kRoom);
  }

  void take(std::span<const Reference> references) {
    // More than there are words to hold them: a vector that many objects claim for their own.
    if (rows_.to.size() > found_.cells.count()) throw_too_many();
    std::array<Cell, Sink::kBatch> cells;  // NOLINT(*-member-init): written before it is read
    for (std::size_t i = 0; i < references.size(); ++i) {
      cells[i] = found_.cells.cell(references[i].to);
      if (cells[i] != kNoCell) found_.pooled.prefetch(cells[i]);
    }
    for (std::size_t i = 0; i < references.size(); ++i) {
      const Reference& reference = references[i];
      rows_.to.push_back(target(cells[i], reference.to));
      rows_.edge.push_back(edge_code(reference.kind, reference.label, reference.index));
    }
  }
  [[noreturn]] static void throw_too_many() {
    throw Failure(Exit::incomplete,
                  "more references than the memory that was read has words: a damaged heap");
  }

 private:
  // What most ranges have, and a huge page each (graph/big_vector.h).
  static constexpr std::size_t kRoom = std::size_t{1} << 19;

  ObjectId target(Cell cell, Address to) {
    if (cell == kNoCell) {
      decoders_.unreadable(to);
      return kNoObject;
    }
    if (found_.pooled.contains(cell)) return ObjectId{found_.pooled.rank(cell)};
    if (marker_ == nullptr) return found_.others.id(cell).value_or(kNoObject);
    marker_->mark(cell);
    rows_.pending.push_back({rows_.to.size(), cell});
    return kNoObject;
  }

  const Found& found_;
  const Decoders& decoders_;
  Marker* marker_;
  Rows& rows_;
};

// Appends rows to the graph in the order of their objects, whatever the order in which they come.
class RowOrder {
 public:
  RowOrder(HeapGraph& graph, Cell words) : graph_(graph), words_(words) {}

  // Of task number `task`; its objects are [first, last), and reference_begin[i + 1] of each is
  // counted from the beginning of `rows` so far. `rows` is empty afterwards, and has room.
  void add(std::size_t task, std::size_t first, std::size_t last, Rows& rows) {
    const std::lock_guard lock(mutex_);
    if (task != next_) {
      waiting_.emplace(task, Waiting{first, last, std::exchange(rows, take_spare())});
      return;
    }
    append(first, last, rows);
    ++next_;
    for (auto at = waiting_.begin(); at != waiting_.end() && at->first == next_;
         at = waiting_.erase(at), ++next_) {
      append(at->second.first, at->second.last, at->second.rows);
      spare_.push_back(std::move(at->second.rows));
    }
  }

  // References that wait for the ids of what they lead to, by where their rows begin.
  std::vector<std::pair<std::uint64_t, std::vector<Rows::Pending>>> pending;

 private:
  struct Waiting {
    std::size_t first = 0, last = 0;
    Rows rows;
  };
  Rows take_spare() {
    if (spare_.empty()) return {};
    Rows rows = std::move(spare_.back());
    spare_.pop_back();
    return rows;
  }
  void append(std::size_t first, std::size_t last, Rows& rows) {
    const std::uint64_t base = graph_.reference_to.size();
    if (base > words_) RowWriter::throw_too_many();
    graph_.reference_to.insert(graph_.reference_to.end(), rows.to.begin(), rows.to.end());
    graph_.edge.insert(graph_.edge.end(), rows.edge.begin(), rows.edge.end());
    for (std::size_t i = first; i < last; ++i) graph_.reference_begin[i + 1] += base;
    if (!rows.pending.empty()) pending.emplace_back(base, std::move(rows.pending));
    rows.to.clear();
    rows.edge.clear();
    rows.pending.clear();
  }

  HeapGraph& graph_;
  Cell words_;
  std::mutex mutex_;
  std::size_t next_ = 0;
  std::map<std::size_t, Waiting> waiting_;
  std::vector<Rows> spare_;
};

// Gives the references that waited the ids that `found` has by now.
void resolve_pending(const RowOrder& order, const Found& found, HeapGraph& graph,
                     std::size_t workers);

// Takes out the references that lead to no object.
void drop_holes(HeapGraph& graph);

}  // namespace heapglass
