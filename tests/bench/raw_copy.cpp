// raw_copy PID: the yardstick of the copy. Reads all present writable private pages of a process,
// in order, by bare process_vm_readv, without stopping it, into huge-page buffers that were touched
// before; prints the seconds that the reading took, the seconds of CPU, and the bytes.
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "inspector/target/mirror.h"
#include "inspector/target/page_choice.h"
#include "symbols/failure.h"
#include "symbols/maps.h"

namespace heapglass {

namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::vector<AddressRange> present_runs(pid_t pid) {
  const PageMap pages(pid);
  std::vector<AddressRange> runs;
  for (const AddressRange& range : all_pages(pid, read_maps(pid)).copied) {
    const auto found = page_runs(range, pages.states(range), in_process);
    runs.insert(runs.end(), found.begin(), found.end());
  }
  return runs;
}

// The bytes read of `run`, in as few calls as the kernel takes (2 GiB less a page by one).
std::size_t read_run(pid_t pid, AddressRange run, std::byte* into) {
  constexpr std::size_t kOneCall = std::size_t{1} << 30;
  std::size_t done = 0;
  while (done < run.size()) {
    const std::size_t size = std::min<std::size_t>(kOneCall, run.size() - done);
    const iovec local{into + done, size};
    const iovec remote{reinterpret_cast<void*>(run.begin + done), size};
    const ssize_t got = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

int copy(pid_t pid) {
  const std::vector<AddressRange> runs = present_runs(pid);
  std::size_t total = 0;
  for (const AddressRange& run : runs) total += run.size();
  const Pages buffer(total, 0);
  ::madvise(buffer.data(), total, MADV_HUGEPAGE);
  std::fill_n(buffer.data(), total, std::byte{1});

  const double began = seconds_of(CLOCK_MONOTONIC),
               cpu_began = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  std::size_t done = 0;
  for (const AddressRange& run : runs) done += read_run(pid, run, buffer.data() + done);
  const double seconds = seconds_of(CLOCK_MONOTONIC) - began;
  const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_began;
  std::printf("%.6f %.6f %zu\n", seconds, cpu, done);
  return done == 0 ? 1 : 0;
}

}  // namespace

}  // namespace heapglass

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("raw_copy PID\n", stderr);
    return 2;
  }
  try {
    return heapglass::copy(static_cast<pid_t>(std::strtol(argv[1], nullptr, 10)));
  } catch (const heapglass::Failure& failure) {
    std::fprintf(stderr, "raw_copy: %s\n", failure.what());
    return 1;
  }
}
