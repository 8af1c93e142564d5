#include "inspector/record_core.h"

#include <algorithm>
#include <set>

#include "inspector/core_note.h"
#include "inspector/either_memory.h"
#include "inspector/redact.h"
#include "inspector/target/page_choice.h"
#include "inspector/target/watcher.h"

namespace heapglass {

namespace {

// Mapped files' memory that a view leaves out: code.
Mirror code_of(const Seen& seen, Memory& source) {
  std::vector<Mirror::Segment> segments;
  for (const Mapping& mapping : seen.maps) {
    if (mapping.readable && !may_hold_objects(mapping) && !constant_data(mapping) &&
        mapping.file_backed() && !mapping.shared && !mapping.path.starts_with("/dev/")) {
      segments.push_back(Mirror::lazy(mapping.range));
    }
  }
  return Mirror(std::move(segments), &source);
}

// Does again what comes before the walk, so that `code` knows which of its blocks that needs.
void look_again(Seen& seen, Mirror& code) {
  EitherMemory memory(seen.view.mirror, code);
  FirstLook look = look_first(seen.files, seen.maps, memory);
  find_arenas(look.python.interpreter, look.python.runtime, look.python.layout, memory);
}

// What is loaded of a segment: runs of blocks.
void add_loaded(const Mirror::Segment& segment, std::vector<CorePart>& parts) {
  if (segment.data == nullptr) return;
  const auto add = [&](std::uint64_t begin, std::uint64_t end) {
    end = std::min(end, segment.range.size());
    if (begin < end)
      parts.push_back(
          {{segment.range.begin + begin, segment.range.begin + end}, segment.data + begin});
  };
  if (segment.loaded.empty()) return add(0, segment.range.size());
  const std::uint64_t blocks = (segment.range.size() + Mirror::kBlock - 1) / Mirror::kBlock;
  std::uint64_t first = 0;
  for (std::uint64_t block = 0; block <= blocks; ++block) {
    if (block < blocks && segment.is_loaded(block)) continue;
    add(first * Mirror::kBlock, block * Mirror::kBlock);
    first = block + 1;
  }
}

// Of a core that is recorded again, what was not looked at too: it may be asked for contents.
void load_all(Mirror& mirror, const std::vector<Mapping>& maps) {
  for (const Mapping& mapping : maps) {
    if (!may_hold_objects(mapping)) continue;
    for (Address at = mapping.range.begin; at < mapping.range.end; at += Mirror::kBlock) {
      mirror.at(at, 1);
    }
  }
}

// Parts cut where mappings end: the mirror joins what it copies.
std::vector<CorePart> within_mappings(std::vector<CorePart> parts,
                                      const std::vector<Mapping>& maps) {
  std::sort(parts.begin(), parts.end(),
            [](const CorePart& a, const CorePart& b) { return a.range.begin < b.range.begin; });
  std::vector<CorePart> result;
  auto mapping = maps.begin();
  for (const CorePart& part : parts) {
    while (mapping != maps.end() && mapping->range.end <= part.range.begin) ++mapping;
    for (auto at = mapping; at != maps.end() && at->range.begin < part.range.end; ++at) {
      const AddressRange common{std::max(at->range.begin, part.range.begin),
                                std::min(at->range.end, part.range.end)};
      if (common.begin < common.end)
        result.push_back({common, part.data + (common.begin - part.range.begin)});
    }
  }
  return result;
}

}  // namespace

namespace {

CoreContents contents_of(const Seen& seen) {
  CoreContents contents;
  contents.maps = seen.maps;
  std::erase_if(contents.maps, [](const Mapping& mapping) {
    return !mapping.readable || mapping.shared || mapping.path.starts_with("/dev/") ||
           mapping.path.starts_with("[v");
  });
  contents.process = seen.inspection.process;
  contents.threads = seen.inspection.acquisition.threads;
  contents.on_cpu_threads = seen.inspection.acquisition.on_cpu_threads;
  contents.auxiliary_vector = seen.auxiliary_vector;
  return contents;
}

}  // namespace

void record_core(Seen& seen, Recording recording, const Write& write, const Run& run) {
  // What keeps its structure, cookies and chains in the pages themselves, is known of pymalloc's
  // alone.
  if (recording == Recording::redacted && seen.python.layout.has(Fact::sizeof_mi_page_s)) {
    throw Failure(Exit::usage, "a core of a free-threaded build cannot be redacted yet",
                  "heapglass snapshot PID -o heap.npz, which has no contents either");
  }
  std::set<Address> code_pages;  // looked at
  Watcher watcher(*seen.view.constant, [&](Address address, std::size_t size) {
    for (Address page = address / kPage; page <= (address + size - 1) / kPage; ++page) {
      code_pages.insert(page * kPage);
    }
  });
  Mirror code = code_of(seen, watcher);
  look_again(seen, code);
  std::vector<CorePart> parts;
  Redacted without_contents;
  if (recording == Recording::redacted) {
    run.report("leaving contents out", -1);
    without_contents = redacted(seen, code, run);
    seen.inspection.process.command = seen.inspection.process.exe;  // arguments may be secrets
    for (const Address page : without_contents.constant_pages) {
      const std::byte* data = seen.view.mirror.at(page, kPage);
      if (data != nullptr) parts.push_back({{page, page + kPage}, data});
    }
    for (const Mirror::Segment& segment : without_contents.pages.segments()) {
      add_loaded(segment, parts);
    }
  } else {
    load_all(seen.view.mirror, seen.maps);
    for (const Mirror::Segment& segment : seen.view.mirror.segments()) add_loaded(segment, parts);
  }
  for (const Address page : code_pages) {
    const std::byte* data = code.at(page, kPage);
    if (data != nullptr) parts.push_back({{page, page + kPage}, data});
  }

  CoreContents contents = contents_of(seen);
  contents.parts = within_mappings(std::move(parts), contents.maps);
  contents.own_note = core_note(seen.inspection, seen.python);
  run.report("writing the core", -1);
  write_core(contents, write, run);
}

}  // namespace heapglass
