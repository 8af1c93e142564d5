// A mirror's source that is told of everything that is asked of the mirror, loaded or not: what
// was looked at can be known to the byte.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "symbols/memory.h"

namespace heapglass {

class Watcher final : public Memory {
 public:
  // `asked` is called by several threads at once. `source` outlives it.
  Watcher(Memory& source, std::function<void(Address, std::size_t)> asked)
      : source_(source), asked_(std::move(asked)) {}
  using Memory::read;
  void read(std::span<ReadRequest> requests) override { source_.read(requests); }
  void asked(Address address, std::size_t size) const { asked_(address, size); }

 private:
  Memory& source_;
  std::function<void(Address, std::size_t)> asked_;
};

}  // namespace heapglass
