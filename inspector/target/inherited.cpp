#include "inspector/target/inherited.h"

#include <algorithm>
#include <string>

#include "inspector/target/page_choice.h"
#include "inspector/target/proc_text.h"

namespace heapglass {

std::vector<AddressRange> wiped_ranges(std::string_view smaps) {
  std::vector<AddressRange> result;
  AddressRange current;
  for (std::size_t at = 0; at < smaps.size();) {
    const std::size_t end = std::min(smaps.find('\n', at), smaps.size());
    const std::string_view line = smaps.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("VmFlags:")) {
      const bool wiped = (std::string(line) + ' ').find(" wf ") != std::string::npos;
      if (wiped && current.size() != 0) result.push_back(current);
    } else if (const auto mapping = parse_maps(line); !mapping.empty()) {
      current = mapping.front().range;
    }
  }
  return result;
}

std::vector<AddressRange> without(const std::vector<AddressRange>& ranges,
                                  const std::vector<AddressRange>& holes) {
  std::vector<AddressRange> result;
  auto hole = holes.begin();
  for (const AddressRange& range : ranges) {
    Address from = range.begin;
    while (hole != holes.end() && hole->end <= from) ++hole;
    for (auto next = hole; next != holes.end() && next->begin < range.end; ++next) {
      if (from < next->begin) result.push_back({from, next->begin});
      from = std::max(from, next->end);
    }
    if (from < range.end) result.push_back({from, range.end});
  }
  return result;
}

std::vector<AddressRange> not_inherited(const std::vector<Mapping>& maps, pid_t twin) {
  constexpr std::size_t kMostText = 256 << 20;
  std::vector<AddressRange> wanted, there;
  for (const Mapping& mapping : maps) {
    if (may_hold_objects(mapping)) wanted.push_back(mapping.range);
  }
  for (const Mapping& mapping : read_maps(twin)) there.push_back(mapping.range);
  const auto wiped = wiped_ranges(
      read_small_file("/proc/" + std::to_string(twin) + "/smaps", kMostText).value_or(""));
  return without(wanted, without(there, wiped));
}

}  // namespace heapglass
