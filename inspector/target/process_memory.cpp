// Many pieces of another process's memory by few system calls.
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <vector>

#include "inspector/target/process.h"

namespace heapglass {

namespace {

// The kernel moves at most 2 GiB less a page by one call and says nothing of it; pieces and calls
// stay far below, so that a short count always means a piece that could not be read.
constexpr std::size_t kLargestPiece = std::size_t{256} << 20;
constexpr std::size_t kLargestCall = std::size_t{1} << 30;

struct Batch {
  std::vector<iovec> local, remote;
  std::vector<ReadRequest*> owner;  // of each piece
  std::size_t bytes = 0;

  bool full() const { return local.size() == IOV_MAX || bytes + kLargestPiece > kLargestCall; }
  void add(ReadRequest& request, std::size_t offset, std::size_t size) {
    local.push_back({static_cast<char*>(request.into) + offset, size});
    remote.push_back({reinterpret_cast<void*>(request.address + offset), size});
    owner.push_back(&request);
    bytes += size;
  }
  void clear() {
    local.clear();
    remote.clear();
    owner.clear();
    bytes = 0;
  }
};

// Requests whose pieces could not all be read become !ok.
void carry_out(pid_t pid, Batch& batch) {
  for (std::size_t at = 0; at < batch.local.size();) {
    const std::size_t count = batch.local.size() - at;
    const ssize_t got =
        ::process_vm_readv(pid, &batch.local[at], count, &batch.remote[at], count, 0);
    if (got < 0 && errno != EFAULT) {  // gone, or refused: that is so for all of them
      for (; at < batch.local.size(); ++at) batch.owner[at]->ok = false;
      break;
    }
    // A short count ends in the first piece that crosses into a hole: it fails, the next go on.
    std::size_t left = got < 0 ? 0 : static_cast<std::size_t>(got);
    while (at < batch.local.size() && left >= batch.local[at].iov_len) {
      left -= batch.local[at++].iov_len;
    }
    if (at < batch.local.size()) batch.owner[at++]->ok = false;
  }
  batch.clear();
}

}  // namespace

void ProcessMemory::read(std::span<ReadRequest> requests) {
  Batch batch;
  const std::size_t expected = std::min<std::size_t>(requests.size(), IOV_MAX);
  batch.local.reserve(expected);
  batch.remote.reserve(expected);
  batch.owner.reserve(expected);
  for (ReadRequest& request : requests) {
    // An end beyond the address space is a hostile length; nothing is there to be read.
    request.ok = request.size <= ~request.address;
    if (!request.ok) continue;
    for (std::size_t offset = 0; offset < request.size;) {
      const std::size_t size = std::min(kLargestPiece, request.size - offset);
      batch.add(request, offset, size);
      offset += size;
      if (batch.full()) carry_out(pid_, batch);
    }
  }
  carry_out(pid_, batch);
}

}  // namespace heapglass
