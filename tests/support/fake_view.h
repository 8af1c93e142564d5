// What the inspector sees of a FakeHeap: a mirror of it as it is now, the types, and references and
// faults in words.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "inspector/python/decoders.h"
#include "inspector/python/size.h"
#include "inspector/python/visit.h"
#include "tests/support/fake_heap.h"

namespace heapglass {

inline constexpr ReferenceKind kCollector = ReferenceKind::collector;
inline constexpr ReferenceKind kOwned = ReferenceKind::owned;
inline constexpr ReferenceKind kInferred = ReferenceKind::inferred;

// A reference as a person would write it: ".__globals__", "[3]", "key", "value".
struct Shown {
  Address to = 0;
  std::string label;
  ReferenceKind kind = ReferenceKind::collector;
  bool operator==(const Shown&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Shown& shown);
std::ostream& operator<<(std::ostream& out, const std::vector<Shown>& all);

struct FakeView {
  explicit FakeView(const FakeHeap& heap);
  // Over other segments than a full copy of the heap.
  FakeView(const FakeHeap& heap, std::vector<Mirror::Segment> segments);
  FakeView(const FakeView&) = delete;

  const Layout& layout;
  Mirror mirror;
  TypeTable types;
  Acquisition acquisition;
  Decoders decoders{layout, mirror, types, &acquisition, {}, FakeHeap::kLookdict};

  // In the order in which they are shown; empty if there is no such object.
  std::vector<Shown> references(Address object);
  std::uint64_t bytes(Address object);  // sys.getsizeof; 0 if there is no such object
  std::uint64_t faults(Fault fault) const {
    return acquisition.faults[static_cast<std::size_t>(fault)];
  }
  std::uint64_t faults() const;  // of all kinds
};

// Runs a specification on each build that it is written for; failures name the build.
inline constexpr const char* kFakeBuilds[] = {"3.8", "3.9", "3.10", "3.11", "3.12", "3.13"};
void on_each_build(void (*specification)(FakeHeap& heap));
// On those where frames are objects and dicts have one kind of entries: up to 3.10.
void on_each_old_build(void (*specification)(FakeHeap& heap));

}  // namespace heapglass
