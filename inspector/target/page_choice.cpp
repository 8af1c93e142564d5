#include "inspector/target/page_choice.h"

#include <algorithm>

#include "inspector/target/present_memory.h"

namespace heapglass {

namespace {

// A run shorter than this is copied along: to leave it out would save less than it costs.
constexpr std::uint64_t kRun = 1 << 20;
// Less than this outside the arenas, or than a quarter of them (big dicts and lists belong to a big
// heap), is copied without a look: a copy costs 0.2 s/GB, the walk that would avoid it 200 ns an
// object.
constexpr std::uint64_t kWorthALook = 64 << 20;

std::uint64_t present_bytes(const PageMap& pages, AddressRange range) {
  std::uint64_t bytes = 0;
  for (const PageState state : pages.states(range)) {
    if (in_process(state)) bytes += kPage;
  }
  return bytes;
}

void count_bytes(PageChoice& choice, const PageMap& pages) {
  for (const AddressRange& range : choice.copied) {
    choice.bytes_copied += present_bytes(pages, range);
  }
  for (const AddressRange& range : choice.left_out) {
    choice.bytes_left_out += present_bytes(pages, range);
  }
}

// Neighbours become one, so that what spans two mappings is contiguous in the mirror.
std::vector<AddressRange> object_ranges(const std::vector<Mapping>& maps) {
  std::vector<AddressRange> ranges;
  for (const Mapping& mapping : maps) {
    if (!may_hold_objects(mapping)) continue;
    if (!ranges.empty() && ranges.back().end == mapping.range.begin) {
      ranges.back().end = mapping.range.end;
    } else {
      ranges.push_back(mapping.range);
    }
  }
  return ranges;
}

// Blocks of `segment` that were not looked at and hold no part of an arena, as runs of kRun and
// more.
std::vector<AddressRange> untouched_runs(const Mirror::Segment& segment,
                                         const std::vector<AddressRange>& arenas) {
  std::vector<AddressRange> runs;
  AddressRange run{segment.range.begin, segment.range.begin};
  const auto end_run = [&](Address next) {
    if (run.size() >= kRun) runs.push_back(run);
    run = {next, next};
  };
  const auto in_arena = [&](AddressRange block) {
    const auto after =
        std::lower_bound(arenas.begin(), arenas.end(), block.begin,
                         [](const AddressRange& arena, Address a) { return arena.end <= a; });
    return after != arenas.end() && after->begin < block.end;
  };
  const std::uint64_t blocks = (segment.range.size() + Mirror::kBlock - 1) / Mirror::kBlock;
  for (std::uint64_t i = 0; i < blocks; ++i) {
    const Address begin = segment.range.begin + i * Mirror::kBlock;
    const AddressRange block{begin, std::min(begin + Mirror::kBlock, segment.range.end)};
    if (segment.is_loaded(i) || in_arena(block)) {
      end_run(block.end);
    } else {
      run.end = block.end;
    }
  }
  end_run(segment.range.end);
  return runs;
}

}  // namespace

bool may_hold_objects(const Mapping& mapping) {
  return mapping.readable && mapping.writable && !mapping.shared &&
         !mapping.path.starts_with("/dev/") && !mapping.path.starts_with("[v");
}

bool constant_data(const Mapping& mapping) {
  return mapping.readable && !mapping.writable && !mapping.executable && !mapping.shared &&
         mapping.file_backed() && !mapping.path.starts_with("/dev/");
}

PageChoice all_pages(pid_t pid, const std::vector<Mapping>& maps) {
  PageChoice choice;
  choice.copied = object_ranges(maps);
  count_bytes(choice, PageMap(pid));
  return choice;
}

PageChoice choose_pages(pid_t pid, const std::vector<Mapping>& maps,
                        const std::vector<AddressRange>& arenas,
                        const std::function<void(Mirror&)>& walk) {
  PageChoice everything = all_pages(pid, maps);
  std::vector<AddressRange> sorted = arenas;
  std::sort(sorted.begin(), sorted.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.begin < b.begin; });
  std::uint64_t arena_bytes = 0;
  for (const AddressRange& arena : sorted) arena_bytes += arena.size();
  if (everything.bytes_copied < arena_bytes + std::max(kWorthALook, arena_bytes / 4))
    return everything;

  PresentMemory source(pid, maps);
  std::vector<Mirror::Segment> segments;
  for (const AddressRange& range : everything.copied) segments.push_back(Mirror::lazy(range));
  for (const Mapping& mapping : maps) {
    if (constant_data(mapping)) segments.push_back(Mirror::lazy(mapping.range));
  }
  Mirror mirror(std::move(segments), &source);
  walk(mirror);

  PageChoice choice;
  for (const AddressRange& range : everything.copied) {
    const Mirror::Segment* segment = mirror.find(range.begin);
    Address from = range.begin;
    for (const AddressRange& run : untouched_runs(*segment, sorted)) {
      if (from < run.begin) choice.copied.push_back({from, run.begin});
      choice.left_out.push_back(run);
      from = run.end;
    }
    if (from < range.end) choice.copied.push_back({from, range.end});
  }
  count_bytes(choice, PageMap(pid));
  return choice;
}

}  // namespace heapglass
