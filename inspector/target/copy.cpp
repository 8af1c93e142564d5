#include "inspector/target/copy.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <span>

#include "inspector/target/inherited.h"
#include "inspector/target/twin.h"
#include "inspector/workers.h"
#include "symbols/failure.h"

namespace heapglass {

namespace {

using Nanoseconds = std::chrono::nanoseconds;

constexpr std::size_t kBytesACall = 8 << 20;  // between two looks at `cancelled`

// Reserved behind each buffer, not touched: what the target's heap may grow by before it stands
// still. An object that spans the old end and the new must be contiguous.
constexpr std::size_t kRoom = 64 << 20;

using Buffer = Mirror::Segment;

// A part of a buffer: what one thread does at a time.
struct Piece {
  Buffer* buffer = nullptr;
  AddressRange range;
};

std::vector<Piece> pieces_of(std::span<Buffer> buffers) {
  constexpr std::uint64_t kPiece = 16 << 20;
  std::vector<Piece> pieces;
  for (Buffer& buffer : buffers) {
    for (Address at = buffer.range.begin; at < buffer.range.end;) {
      const Address end = std::min(buffer.range.end, (at / kPiece + 1) * kPiece);
      pieces.push_back({&buffer, {at, end}});
      at = end;
    }
  }
  return pieces;
}

// Makes the pages that will be written ours now, in huge ones where nearly all of them are.
void prefault(const Piece& piece, const PageMap& pages) {
  const Buffer& buffer = *piece.buffer;
  const std::vector<PageState> states = pages.states(piece.range);
  const auto present = std::count_if(states.begin(), states.end(), in_process);
  const auto total = static_cast<std::ptrdiff_t>(states.size());
  if (present * 10 >= total * 9) {
    ::madvise(buffer.data + (piece.range.begin - buffer.range.begin), piece.range.size(),
              MADV_HUGEPAGE);
  }
  for (const AddressRange& run : page_runs(piece.range, states, in_process)) {
    std::byte* begin = buffer.data + (run.begin - buffer.range.begin);
    // MADV_POPULATE_WRITE came with Linux 5.14 and its header with glibc 2.35.
    constexpr int kPopulateWrite = 23;
    if (::madvise(begin, run.size(), kPopulateWrite) != 0) {
      for (std::size_t at = 0; at < run.size(); at += kPage) {
        *reinterpret_cast<volatile std::byte*>(begin + at) = std::byte{0};
      }
    }
  }
}

// .data of mapped files: what was never written stands in the file alone.
void fill_from_files(Buffer& buffer, const std::vector<Mapping>& maps, const PageMap& pages,
                     PresentMemory& memory) {
  for (const Mapping& mapping : maps) {
    if (!may_hold_objects(mapping) || !mapping.file_backed()) continue;
    const AddressRange part{std::max(mapping.range.begin, buffer.range.begin),
                            std::min(mapping.range.end, buffer.range.end)};
    if (part.begin >= part.end) continue;
    const auto runs =
        page_runs(part, pages.states(part), [](PageState s) { return !in_process(s); });
    for (const AddressRange& run : runs) {
      memory.read_file(mapping, run, buffer.data + (run.begin - buffer.range.begin));
    }
  }
}

// Ranges of `maps` that are new since the choice: the target has grown meanwhile.
std::vector<AddressRange> grown(const std::vector<Mapping>& maps, const PageChoice& choice) {
  std::vector<AddressRange> known = choice.copied;
  known.insert(known.end(), choice.left_out.begin(), choice.left_out.end());
  std::sort(known.begin(), known.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.begin < b.begin; });
  std::vector<AddressRange> fresh;
  for (const Mapping& mapping : maps) {
    if (!may_hold_objects(mapping)) continue;
    Address from = mapping.range.begin;
    for (auto at = std::lower_bound(known.begin(), known.end(), from,
                                    [](const AddressRange&r, Address a) { return r.end <= a; });
         at != known.end() && at->begin < mapping.range.end; ++at) {
      if (from < at->begin) fresh.push_back({from, at->begin});
      from = std::max(from, at->end);
    }
    if (from < mapping.range.end) fresh.push_back({from, mapping.range.end});
  }
  return fresh;
}

// A buffer for a range that is new: behind one that it continues, else one of its own.
Buffer& buffer_for(AddressRange fresh, std::vector<Buffer>& buffers) {
  for (Buffer& buffer : buffers) {
    if (buffer.range.end == fresh.begin &&
        buffer.range.size() + fresh.size() <= buffer.pages.size()) {
      buffer.range.end = fresh.end;
      return buffer;
    }
  }
  return buffers.emplace_back(Mirror::whole(fresh));
}

// Copies the present pages of a part of the buffer; false when cancelled.
bool copy_pages(Buffer& buffer, AddressRange part, const PageMap& pages, ProcessMemory& process,
                const std::atomic<bool>& cancelled, std::uint64_t& bytes) {
  std::vector<ReadRequest> requests;
  std::size_t pending = 0;
  const auto send = [&](bool shared) {
    process.read_pages(requests, shared);
    for (const ReadRequest& request : requests) {
      if (request.ok) bytes += request.size;  // unmapped meanwhile: zeros, as if never touched
    }
    requests.clear();
    pending = 0;
    return !cancelled.load();
  };
  const std::vector<PageState> states = pages.states(part);
  for (const bool shared : {false, true}) {
    const auto wanted = [shared](PageState state) {
      return in_process(state) && (state == PageState::shared) == shared;
    };
    for (const AddressRange& run : page_runs(part, states, wanted)) {
      for (Address at = run.begin; at < run.end;) {
        const std::size_t size = std::min<std::size_t>(run.end - at, kBytesACall - pending);
        requests.push_back({at, buffer.data + (at - buffer.range.begin), size, false});
        at += size;
        pending += size;
        if (pending >= kBytesACall && !send(shared)) return false;
      }
    }
    if (!send(shared)) return false;
  }
  return true;
}

[[noreturn]] void over_pause(const std::string& what, const Run& run, Nanoseconds estimate) {
  const auto ms = [](Nanoseconds n) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(n).count()) + "ms";
  };
  throw Failure(Exit::incomplete, what + " (--max-pause is " + ms(run.max_pause) + ")",
                "--max-pause " + ms(estimate * 3 / 2 + std::chrono::milliseconds(10)));
}

// What is made before the stop.
struct Job {
  std::unique_ptr<PresentMemory> constant;
  std::vector<Buffer> buffers;
  std::vector<Piece> pieces;  // of the buffers
  std::uint64_t bytes = 0;    // copied
};

Job prepare(pid_t pid, const std::vector<Mapping>& maps, const PageChoice& choice, const Run& run) {
  Job job;
  job.constant = std::make_unique<PresentMemory>(pid, maps);
  const PageMap pages(pid);
  for (const AddressRange& range : choice.copied) {
    job.buffers.push_back(Mirror::whole(range, kRoom));
  }
  job.pieces = pieces_of(job.buffers);
  run_tasks(job.pieces.size(), worker_count(), [&](std::size_t, std::size_t task) {
    prefault(job.pieces[task], pages);
    if (run.stopping()) throw Interrupted{run.interrupted->load()};
  });
  for (Buffer& buffer : job.buffers) fill_from_files(buffer, maps, pages, *job.constant);
  return job;
}

// Copies from `source`, which has the addresses of what was prepared for, until `cancelled`; or,
// where a run is given, until that is.
void fill(Job& job, pid_t source, const PageMap& pages, const PageChoice& choice,
          const std::atomic<bool>& cancelled, const Run* run = nullptr) {
  ProcessMemory process(source);
  std::atomic<std::uint64_t> bytes{0};
  const auto stopping = [&] { return cancelled.load() || (run != nullptr && run->stopping()); };
  run_tasks(job.pieces.size(), worker_count(), [&](std::size_t, std::size_t task) {
    if (stopping()) return;
    std::uint64_t copied = 0;
    copy_pages(*job.pieces[task].buffer, job.pieces[task].range, pages, process, cancelled, copied);
    bytes += copied;
  });
  job.bytes = bytes;
  if (stopping()) return;
  for (const AddressRange& range : grown(read_maps(source), choice)) {
    if (stopping()) return;
    Buffer& buffer = buffer_for(range, job.buffers);
    if (!copy_pages(buffer, range, pages, process, cancelled, job.bytes)) return;
  }
}

void finish(Job job, const std::vector<Mapping>& maps, const PageChoice& choice, HeapCopy& result) {
  result.bytes = job.bytes;
  result.constant = std::move(job.constant);
  std::vector<Mirror::Segment> segments = std::move(job.buffers);
  for (const AddressRange& range : choice.left_out) segments.push_back(Mirror::left_out(range));
  for (const Mapping& mapping : maps) {
    if (constant_data(mapping)) segments.push_back(Mirror::lazy(mapping.range));
  }
  result.mirror = Mirror(std::move(segments), result.constant.get());
}

}  // namespace

Nanoseconds estimate_pause(pid_t pid, const PageChoice& choice, std::uint32_t threads) {
  // Read at most so much, from up to so many ranges, and scale.
  constexpr std::size_t kSample = 16 << 20;
  const PageMap pages(pid);
  ProcessMemory process(pid);
  Pages buffer(kSample, 0);
  buffer.make_huge();
  std::memset(buffer.data(), 1, kSample);  // touched, so that only reading counts
  std::size_t read = 0;
  Nanoseconds taken{};
  for (auto range = choice.copied.rbegin(); range != choice.copied.rend() && read < kSample;
       ++range) {
    const AddressRange part{range->begin, std::min(range->end, range->begin + 4 * kSample)};
    for (const AddressRange& run : page_runs(part, pages.states(part), in_process)) {
      const std::size_t size = std::min<std::size_t>(run.size(), kSample - read);
      if (size == 0) break;
      const auto begin = std::chrono::steady_clock::now();
      if (process.read(run.begin, buffer.data() + read, size)) read += size;
      taken += std::chrono::steady_clock::now() - begin;
    }
  }
  Nanoseconds copying{};
  if (read != 0) {
    copying = Nanoseconds(static_cast<std::int64_t>(static_cast<double>(taken.count()) *
                                                    static_cast<double>(choice.bytes_copied) /
                                                    static_cast<double>(read)));
  }
  return kStopCost + kThreadCost * threads + copying;
}

HeapCopy copy_paused(pid_t pid, const std::vector<Mapping>& maps, const PageChoice& choice,
                     const Run& run) {
  Job job = prepare(pid, maps, choice, run);
  const PageMap pages(pid);
  HeapCopy result;
  result.stop = stop_and(pid, run, [&](const std::atomic<bool>& cancelled) {
    fill(job, pid, pages, choice, cancelled);
  });
  if (run.stopping()) throw Interrupted{run.interrupted->load()};
  if (result.stop.target_died) {
    throw Failure(Exit::target_gone, "process " + std::to_string(pid) + " ended while it was read");
  }
  if (result.stop.deadline_passed) {
    over_pause("the copy took longer than the target may be stopped, so it was let go", run,
               run.max_pause * 2);
  }
  finish(std::move(job), maps, choice, result);
  return result;
}

HeapCopy copy_cloned(pid_t pid, const std::vector<Mapping>& maps, const PageChoice& choice,
                     const Run& run) {
  Job job = prepare(pid, maps, choice, run);
  PageChoice inherited = choice;
  HeapCopy result;
  Twin twin(pid, run);
  const std::vector<AddressRange> missing = not_inherited(maps, twin.pid());
  if (!missing.empty()) {
    inherited.copied = without(choice.copied, missing);
    inherited.left_out.insert(inherited.left_out.end(), missing.begin(), missing.end());
    result.not_inherited = true;
    job = Job{};  // its memory first
    job = prepare(pid, maps, inherited, run);
  }
  const PageMap pages(twin.pid());
  run.report("reading the twin", -1);
  fill(job, twin.pid(), pages, inherited, std::atomic<bool>{false}, &run);
  const bool whole = twin.alive();
  result.stop = twin.stop();
  result.stop.pause = std::max(result.stop.pause, twin.end());
  if (run.stopping()) throw Interrupted{run.interrupted->load()};
  if (!whole) {
    throw Failure(Exit::incomplete,
                  "the twin of process " + std::to_string(pid) +
                      " was killed while it was read: memory ran out, or somebody ended it",
                  "heapglass " + std::to_string(pid) + " --pause");
  }
  finish(std::move(job), maps, inherited, result);
  return result;
}

HeapCopy copy_live(pid_t pid, const std::vector<Mapping>& maps, const PageChoice& choice,
                   const Run& run) {
  Job job = prepare(pid, maps, choice, run);
  HeapCopy result;
  fill(job, pid, PageMap(pid), choice, std::atomic<bool>{false}, &run);
  if (run.stopping()) throw Interrupted{run.interrupted->load()};
  finish(std::move(job), maps, choice, result);
  return result;
}

}  // namespace heapglass
