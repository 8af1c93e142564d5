#include "tests/support/fake_view.h"

#include <doctest/doctest.h>

#include <numeric>

namespace heapglass {

namespace {

struct Collect {
  const Names& names;
  std::vector<Shown> shown;

  std::string label(const Reference& reference) const {
    switch (reference.label) {
      case LabelKind::field:
      case LabelKind::attribute:
        return names[reference.index];
      case LabelKind::item:
        return "[" + std::to_string(reference.index) + "]";
      case LabelKind::key:
        return "key";
      case LabelKind::value:
        return "value";
      case LabelKind::local:
        return "local " + std::to_string(reference.index);
      case LabelKind::stack:
        return "stack " + std::to_string(reference.index);
      case LabelKind::unnamed:
        break;
    }
    return "+" + std::to_string(reference.index);
  }
  void take(std::span<const Reference> references) {
    for (const Reference& reference : references) {
      shown.push_back({reference.to, label(reference), reference.kind});
    }
  }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Shown& shown) {
  constexpr const char* kKinds[] = {"collector", "owned", "inferred"};
  return out << shown.label << " -> 0x" << std::hex << shown.to << std::dec << " ("
             << kKinds[static_cast<std::size_t>(shown.kind)] << ")";
}

std::ostream& operator<<(std::ostream& out, const std::vector<Shown>& all) {
  for (const Shown& shown : all) out << "\n    " << shown;
  return out;
}

FakeView::FakeView(const FakeHeap& heap) : FakeView(heap, heap.memory.segments()) {}

FakeView::FakeView(const FakeHeap& heap, std::vector<Mirror::Segment> segments)
    : layout(heap.layout),
      mirror(std::move(segments)),
      types(heap.layout, mirror, heap.type("type"), FakeHeap::kSubtypeTraverse) {}

std::vector<Shown> FakeView::references(Address address) {
  const auto object = open_object(address, decoders);
  if (!object) return {};
  Collect collect{types.names(), {}};
  {
    Sink sink(collect);
    visit(*object, decoders, sink);
  }
  return collect.shown;
}

std::uint64_t FakeView::bytes(Address address) {
  const auto object = open_object(address, decoders);
  return object ? size_of(*object, decoders).bytes : 0;
}

std::uint64_t FakeView::faults() const {
  return std::accumulate(acquisition.faults.begin(), acquisition.faults.end(), std::uint64_t{0});
}

void on_each_build(void (*specification)(FakeHeap& heap)) {
  for (const std::string build : kFakeBuilds) {
    CAPTURE(build);
    FakeHeap heap(build);
    specification(heap);
  }
}

void on_each_old_build(void (*specification)(FakeHeap& heap)) {
  for (const std::string build : kFakeBuilds) {
    CAPTURE(build);
    FakeHeap heap(build);
    if (heap.plain_keys()) specification(heap);
  }
}

}  // namespace heapglass
