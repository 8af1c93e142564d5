// Addresses in the target, never to be dereferenced here.
#pragma once

#include <cstdint>

namespace heapglass {

using Address = std::uint64_t;

// Half open: [begin, end).
struct AddressRange {
  Address begin = 0;
  Address end = 0;

  std::uint64_t size() const { return end - begin; }
  bool contains(Address a) const { return a >= begin && a < end; }
  bool operator==(const AddressRange&) const = default;
};

}  // namespace heapglass
