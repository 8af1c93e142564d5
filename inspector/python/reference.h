// A reference as visit() (visit.h) tells it, and what takes it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "inspector/graph/edge.h"
#include "inspector/graph/heap_graph.h"
#include "inspector/python/names.h"
#include "symbols/address.h"

namespace heapglass {

struct Reference {
  Address to = 0;
  std::uint32_t index = 0;  // of the label: position, or into Names; see LabelKind
  LabelKind label = LabelKind::unnamed;
  ReferenceKind kind = ReferenceKind::collector;
};

// Counting, filling, labelling, verifying: whatever takes references is a sink of the one visit.
// References arrive in batches, so that a sink costs one indirect call a few hundred references and
// the decoders need not be compiled once for each.
class Sink {
 public:
  static constexpr std::size_t kBatch = 256;

  // `taker` has `void take(std::span<const Reference>)` and outlives the sink.
  template <class Taker>
  explicit Sink(Taker& taker)
      : taker_(&taker), take_([](void* t, std::span<const Reference> batch) {
          static_cast<Taker*>(t)->take(batch);
        }) {}
  ~Sink() { flush(); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // Null pointers are no references, nor are the small numbers that stand for something where a
  // pointer could be (_multibytecodec's errors: 1 for 'strict').
  void add(Address to, ReferenceKind kind, LabelKind label, std::uint64_t index) {
    if (to < 4096) return;
    batch_[count_++] = Reference{
        to, static_cast<std::uint32_t>(index < kEdgeIndexMax ? index : kEdgeIndexMax), label, kind};
    if (count_ == batch_.size()) flush();
  }
  void add(Address to, ReferenceKind kind, FixedName name) {
    add(to, kind, LabelKind::field, static_cast<std::uint64_t>(name));
  }
  void flush() {
    if (count_ == 0) return;
    take_(taker_, std::span(batch_).first(count_));
    taken_ += count_;
    count_ = 0;
  }
  // How many references there were so far.
  std::uint64_t added() const { return taken_ + count_; }

 private:
  void* taker_;
  void (*take_)(void*, std::span<const Reference>);
  std::array<Reference, kBatch> batch_;
  std::size_t count_ = 0;
  std::uint64_t taken_ = 0;
};

}  // namespace heapglass
