#include "inspector/target/present_memory.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "symbols/interpreter.h"

namespace heapglass {

PresentMemory::PresentMemory(pid_t pid, std::vector<Mapping> maps)
    : pid_(pid), maps_(std::move(maps)), page_map_(pid), process_(pid) {}

const Mapping* PresentMemory::find(Address address) const {
  auto after = std::upper_bound(maps_.begin(), maps_.end(), address,
                                [](Address a, const Mapping& m) { return a < m.range.begin; });
  if (after == maps_.begin()) return nullptr;
  --after;
  return after->range.contains(address) ? &*after : nullptr;
}

void PresentMemory::read_file(const Mapping& mapping, AddressRange range, std::byte* into) {
  std::memset(into, 0, range.size());
  if (!mapping.file_backed()) return;
  auto file = files_.find(mapping.range.begin);
  if (file == files_.end()) {
    file = files_.emplace(mapping.range.begin, Descriptor(open_mapped_file(pid_, mapping))).first;
  }
  if (file->second.get() < 0) {
    // Nothing for it: the process itself has to map the pages.
    process_.read(range.begin, into, range.size());
    return;
  }
  std::size_t done = 0;
  while (done < range.size()) {
    const ssize_t got =
        ::pread(file->second.get(), into + done, range.size() - done,
                static_cast<off_t>(mapping.offset + (range.begin - mapping.range.begin) + done));
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
}

bool PresentMemory::read_one(Address address, std::byte* into, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const Address at = address + done;
    const Mapping* mapping = find(at);
    if (mapping == nullptr || !mapping->readable) return false;
    const Address end = std::min(address + size, mapping->range.end);
    const AddressRange pages{at / kPage * kPage, (end + kPage - 1) / kPage * kPage};
    const std::vector<PageState> states = page_map_.states(pages);
    const auto from_process = [&](std::size_t i) { return in_process(states[i]); };
    for (std::size_t first = 0, next = 0; first < states.size(); first = next) {
      for (next = first + 1; next < states.size() && from_process(next) == from_process(first);)
        ++next;
      const AddressRange part{std::max(at, pages.begin + first * kPage),
                              std::min(end, pages.begin + next * kPage)};
      std::byte* to = into + (part.begin - address);
      if (!from_process(first)) {
        read_file(*mapping, part, to);
      } else if (!process_.read(part.begin, to, part.size())) {
        return false;
      }
    }
    done = end - address;
  }
  return true;
}

void PresentMemory::read(std::span<ReadRequest> requests) {
  for (ReadRequest& request : requests) {
    request.ok = read_one(request.address, static_cast<std::byte*>(request.into), request.size);
  }
}

}  // namespace heapglass
