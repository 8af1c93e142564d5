// Many pieces of another process's memory by few system calls, without changing it.
//
// process_vm_readv pins the pages that it reads, and to pin an anonymous page that a fork left
// shared the kernel first gives the process a copy of its own (mm/gup.c, gup_must_unshare, since
// Linux 5.19): one look at a worker would cost as much memory as the worker's heap. /proc/PID/mem
// does not pin, and takes half as long again; so it is for such pages, and for what is small
// anyway.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>
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

// False: a part of it could not be read.
bool read_through(const Descriptor& memory, Address from, char* into, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t got =
        ::pread(memory.get(), into + done, size - done, static_cast<off_t>(from + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

ProcessMemory::ProcessMemory(pid_t pid)
    : pid_(pid),
      memory_(::open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC)),
      pages_(pid) {}

void ProcessMemory::read(std::span<ReadRequest> requests) {
  constexpr std::size_t kSmall = 64 << 10;
  for (ReadRequest& request : requests) {
    // An end beyond the address space is a hostile length; nothing is there to be read.
    const Address room = ~request.address;
    request.ok = room >= kPage && request.size <= room - kPage;
    if (!request.ok) continue;
    if (request.size <= kSmall) {
      read_pages(std::span(&request, 1), true);
      continue;
    }
    const AddressRange pages{request.address / kPage * kPage,
                             (request.address + request.size + kPage - 1) / kPage * kPage};
    const std::vector<PageState> states = pages_.states(pages);
    std::vector<ReadRequest> parts;
    for (const bool shared : {false, true}) {
      parts.clear();
      const auto wanted = [shared](PageState state) {
        return (state == PageState::shared) == shared;
      };
      for (const AddressRange& run : page_runs(pages, states, wanted)) {
        const Address begin = std::max(run.begin, request.address);
        const Address end = std::min(run.end, request.address + request.size);
        parts.push_back({begin, static_cast<std::byte*>(request.into) + (begin - request.address),
                         end - begin, false});
      }
      read_pages(parts, shared);
      for (const ReadRequest& part : parts) request.ok = request.ok && part.ok;
    }
  }
}

void ProcessMemory::read_pages(std::span<ReadRequest> requests, bool shared) const {
  Batch batch;
  for (ReadRequest& request : requests) {
    request.ok = request.size <= ~request.address;
    if (!request.ok) continue;
    if (shared && memory_) {
      request.ok =
          read_through(memory_, request.address, static_cast<char*>(request.into), request.size);
      continue;
    }
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
