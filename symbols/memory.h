// The one interface to a target's bytes. A live process, a copy, a core file and a fake heap in a
// test are equals behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "symbols/address.h"

namespace heapglass {

struct ReadRequest {
  Address address = 0;
  void* into = nullptr;  // owned by the caller, `size` bytes
  std::size_t size = 0;
  bool ok = false;  // set by read(): all of the bytes were there
};

class Memory {
 public:
  virtual ~Memory() = default;

  // Reads every request; says per request whether all of it could be read. Never throws for an
  // address: what cannot be read is an answer. One call may cost one system call, so batch.
  virtual void read(std::span<ReadRequest> requests) = 0;

  bool read(Address address, void* into, std::size_t size) {
    ReadRequest request{address, into, size, false};
    read(std::span(&request, 1));
    return request.ok;
  }

  template <class T>
  std::optional<T> value(Address address) {
    T result;
    if (!read(address, &result, sizeof result)) return std::nullopt;
    return result;
  }

  // The bytes up to the first NUL, at most `limit`; nullopt when it starts in unreadable memory.
  std::optional<std::string> c_string(Address address, std::size_t limit = 1024);
};

}  // namespace heapglass
