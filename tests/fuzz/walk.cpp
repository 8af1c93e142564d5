// The walk over a damaged heap: a recorded core is read once, and every input is a list of words of
// its memory to be overwritten: by any value, by another word of it, or by what was there and a
// little more.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "inspector/examine.h"
#include "inspector/inspect_core.h"
#include "symbols/failure.h"
#include "tests/fuzz/input.h"

using namespace heapglass;

namespace {

struct Recorded {
  Seen seen;
  std::vector<AddressRange> ranges;
  std::uint64_t words = 0;
};

// The same memory, all of it loaded, to be damaged.
Mirror copy_of(Mirror& mirror) {
  std::vector<Mirror::Segment> segments;
  for (const Mirror::Segment& segment : mirror.segments()) {
    if (segment.data == nullptr) {
      segments.push_back(Mirror::left_out(segment.range));
      continue;
    }
    segments.push_back(Mirror::whole(segment.range));
    constexpr Address kStep = Mirror::kBlock;
    for (Address at = segment.range.begin; at < segment.range.end; at += kStep) {
      const std::size_t size = std::min(kStep, segment.range.end - at);
      const std::byte* bytes = mirror.at(at, size);
      if (bytes == nullptr) continue;
      if (std::any_of(bytes, bytes + size, [](std::byte b) { return b != std::byte{0}; })) {
        std::memcpy(segments.back().data + (at - segment.range.begin), bytes, size);
      }
    }
  }
  return Mirror(std::move(segments));
}

Recorded& recorded() {
  static Recorded result = [] {
    const char* name = std::getenv("FUZZ_CORE");
    const std::string path = name != nullptr ? name : "";
    Seen seen = see_core({path, "/nonexistent"}, {}, {});
    Recorded recording{std::move(seen), {}, 0};
    for (const Mirror::Segment& segment : recording.seen.view.mirror.segments()) {
      if (segment.data == nullptr) continue;
      recording.ranges.push_back(segment.range);
      recording.words += segment.range.size() / sizeof(Address);
    }
    return recording;
  }();
  return result;
}

Address word_at(std::uint64_t number) {
  for (const AddressRange& range : recorded().ranges) {
    const std::uint64_t words = range.size() / sizeof(Address);
    if (number < words) return range.begin + number * sizeof(Address);
    number -= words;
  }
  return 0;
}

struct Edit {
  std::uint32_t where;
  std::uint8_t how;
  std::uint64_t value;
} __attribute__((packed));

void apply(const Edit& edit, Mirror& mirror) {
  const Recorded& all = recorded();
  // Objects that were found are where damage tells.
  const auto& address = all.seen.inspection.graph.address;
  const Address at = edit.how & 1
                         ? address[edit.where % address.size()] + (edit.how >> 4) * sizeof(Address)
                         : word_at(edit.where % all.words);
  auto* word = const_cast<std::byte*>(mirror.at(at, sizeof(Address)));
  if (word == nullptr) return;
  std::uint64_t value = edit.value;
  if ((edit.how & 6) == 2) value = address[value % address.size()];
  if ((edit.how & 6) == 4) {
    std::memcpy(&value, word, sizeof value);
    value +=
        static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int8_t>(edit.value)));
  }
  std::memcpy(word, &value, sizeof value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Recorded& all = recorded();
  View view{nullptr, copy_of(all.seen.view.mirror)};
  for (; size >= sizeof(Edit); data += sizeof(Edit), size -= sizeof(Edit)) {
    Edit edit;
    std::memcpy(&edit, data, sizeof edit);
    apply(edit, view.mirror);
  }
  try {
    Python python = all.seen.python;
    std::vector<Arena> arenas;
    const InspectOptions options{.names = true, .columns = kAllColumns};
    examine(python, arenas, view, {}, options, {});
  } catch (const Failure&) {
  }
  return 0;
}
