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

#include "inspector/target/page_map.h"
#include "inspector/target/process.h"
#include "symbols/descriptor.h"

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

Descriptor open_proc(pid_t pid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + '/' + name;
  return Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
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

// Which pages another process has too, by the page map; none where it does not tell.
class SharedPages {
 public:
  explicit SharedPages(pid_t pid) : file_(open_proc(pid, "pagemap")), entries_(kAhead) {}

  // Up to where, from `at` on and before `end`, pages are as the one at `at` is.
  Address run_from(Address at, Address end, bool& shared) {
    shared = is_shared(at / kPage);
    Address next = (at / kPage + 1) * kPage;
    while (next < end && is_shared(next / kPage) == shared) next += kPage;
    return std::min(next, end);
  }

 private:
  static constexpr std::size_t kAhead = 4096;

  bool is_shared(std::uint64_t page) {
    // Documentation/admin-guide/mm/pagemap.rst
    constexpr std::uint64_t kPresent = std::uint64_t{1} << 63, kFile = std::uint64_t{1} << 61,
                            kExclusive = std::uint64_t{1} << 56;
    if (page < first_ || page - first_ >= kAhead) {
      first_ = page;
      const ssize_t got = ::pread(file_.get(), entries_.data(), kAhead * sizeof(std::uint64_t),
                                  static_cast<off_t>(page * sizeof(std::uint64_t)));
      const std::size_t known = got > 0 ? static_cast<std::size_t>(got) / sizeof(std::uint64_t) : 0;
      std::fill(entries_.begin() + static_cast<std::ptrdiff_t>(known), entries_.end(), 0);
    }
    return (entries_[page - first_] & (kPresent | kFile | kExclusive)) == kPresent;
  }

  Descriptor file_;
  std::vector<std::uint64_t> entries_;
  std::uint64_t first_ = UINT64_MAX;
};

}  // namespace

void ProcessMemory::read(std::span<ReadRequest> requests) {
  constexpr std::size_t kSmall = 64 << 10;
  const Descriptor memory = open_proc(pid_, "mem");
  SharedPages pages(pid_);
  Batch batch;
  const std::size_t expected = std::min<std::size_t>(requests.size(), IOV_MAX);
  batch.local.reserve(expected);
  batch.remote.reserve(expected);
  batch.owner.reserve(expected);
  for (ReadRequest& request : requests) {
    // An end beyond the address space is a hostile length; nothing is there to be read.
    request.ok = request.size <= ~request.address;
    if (!request.ok) continue;
    char* const into = static_cast<char*>(request.into);
    if (memory && request.size <= kSmall) {
      request.ok = read_through(memory, request.address, into, request.size);
      continue;
    }
    for (std::size_t offset = 0; offset < request.size;) {
      bool shared = false;
      const Address at = request.address + offset;
      const Address end = pages.run_from(at, request.address + request.size, shared);
      const std::size_t size = std::min<std::size_t>(kLargestPiece, end - at);
      if (shared && memory) {
        if (!read_through(memory, at, into + offset, size)) request.ok = false;
        offset += size;
        continue;
      }
      batch.add(request, offset, size);
      offset += size;
      if (batch.full()) carry_out(pid_, batch);
    }
  }
  carry_out(pid_, batch);
}

}  // namespace heapglass
