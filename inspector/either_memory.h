// One memory behind another: what the first has not is asked of the second.
#pragma once

#include "symbols/memory.h"

namespace heapglass {

class EitherMemory final : public Memory {
 public:
  // Both outlive it.
  EitherMemory(Memory& first, Memory& second) : first_(first), second_(second) {}
  using Memory::read;
  void read(std::span<ReadRequest> requests) override {
    first_.read(requests);
    for (ReadRequest& request : requests) {
      if (!request.ok) second_.read(std::span(&request, 1));
    }
  }

 private:
  Memory& first_;
  Memory& second_;
};

}  // namespace heapglass
