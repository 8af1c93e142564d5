// Memory that was invented: regions of bytes at addresses of our choice, and a note of every read.
#pragma once

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "inspector/target/mirror.h"
#include "symbols/memory.h"

namespace heapglass {

class FakeMemory final : public Memory {
 public:
  struct Region {
    Address begin = 0;
    std::vector<std::byte> bytes;

    AddressRange range() const { return {begin, begin + bytes.size()}; }
  };

  // A new region of zeros. Regions must not overlap.
  void add(AddressRange range) {
    regions.push_back({range.begin, std::vector<std::byte>(range.size())});
  }

  // The bytes at `address`; throws std::logic_error where the test invented none.
  std::byte* bytes(Address address, std::size_t size) {
    for (Region& region : regions) {
      const AddressRange range = region.range();
      if (range.contains(address) && size <= range.end - address) {
        return region.bytes.data() + (address - range.begin);
      }
    }
    throw std::logic_error("no such bytes in the fake memory");
  }

  template <class T>
  void put(Address address, T value) {
    std::memcpy(bytes(address, sizeof value), &value, sizeof value);
  }
  template <class T>
  T get(Address address) {
    T value;
    std::memcpy(&value, bytes(address, sizeof value), sizeof value);
    return value;
  }

  using Memory::read;
  void read(std::span<ReadRequest> requests) override {
    for (ReadRequest& request : requests) {
      reads.push_back({request.address, request.address + request.size});
      request.ok = false;
      for (const Region& region : regions) {
        const AddressRange range = region.range();
        if (!range.contains(request.address) || request.size > range.end - request.address)
          continue;
        std::memcpy(request.into, region.bytes.data() + (request.address - range.begin),
                    request.size);
        request.ok = true;
      }
    }
  }

  // What a copy of these regions would be.
  std::vector<Mirror::Segment> segments() const {
    std::vector<Mirror::Segment> result;
    for (const Region& region : regions) {
      result.push_back(Mirror::whole(region.range()));
      std::memcpy(result.back().data, region.bytes.data(), region.bytes.size());
    }
    return result;
  }

  std::vector<Region> regions;
  std::vector<AddressRange> reads;
};

}  // namespace heapglass
