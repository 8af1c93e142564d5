#include "inspector/target/core_memory.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "inspector/target/page_choice.h"
#include "symbols/interpreter.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kCorePage = 4096;

bool pread_all(int fd, std::byte* into, std::size_t size, std::uint64_t offset) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = ::pread(fd, into + done, size - done, static_cast<off_t>(offset + done));
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

bool same_beginning(int fd, std::span<const std::byte> beginning) {
  std::vector<std::byte> bytes(beginning.size());
  return pread_all(fd, bytes.data(), bytes.size(), 0) &&
         std::memcmp(bytes.data(), beginning.data(), bytes.size()) == 0;
}

// "ab/cdef…" below the directories in which files are kept by build id.
std::vector<std::string> paths_by_id(const std::string& id) {
  constexpr std::size_t kShortest = 4;
  if (id.size() < kShortest) return {};
  const std::string name = id.substr(0, 2) + '/' + id.substr(2);
  return {"/usr/lib/debug/.build-id/" + name, "/usr/lib/.build-id/" + name};
}

}  // namespace

CoreMemory::CoreMemory(Descriptor core_file, ElfCore core, std::string sysroot)
    : fd_(std::move(core_file)), core_(std::move(core)), sysroot_(std::move(sysroot)) {
  for (Mapping& mapping : core_.maps) {
    if (mapping.file_backed() && segment_at(mapping.range.begin) == nullptr) learn_flags(mapping);
  }
}

const CoreSegment* CoreMemory::segment_at(Address address) const {
  auto after = std::upper_bound(
      core_.segments.begin(), core_.segments.end(), address,
      [](Address a, const CoreSegment& segment) { return a < segment.range.begin; });
  if (after == core_.segments.begin()) return nullptr;
  --after;
  return after->range.contains(address) ? &*after : nullptr;
}

const Mapping* CoreMemory::mapping_at(Address address) const {
  auto after =
      std::upper_bound(core_.maps.begin(), core_.maps.end(), address,
                       [](Address a, const Mapping& mapping) { return a < mapping.range.begin; });
  if (after == core_.maps.begin()) return nullptr;
  --after;
  return after->range.contains(address) ? &*after : nullptr;
}

// How a file was mapped that the core has no segment for: as its own headers ask.
void CoreMemory::learn_flags(Mapping& mapping) {
  for (const ElfSegment& segment : file_of(mapping).headers.segments) {
    const std::uint64_t begin = segment.file_offset / kCorePage * kCorePage;
    if (mapping.offset < begin || mapping.offset >= segment.file_offset + segment.file_size)
      continue;
    mapping.writable = (segment.flags & PF_W) != 0;
    mapping.executable = (segment.flags & PF_X) != 0;
  }
}

const CoreFile& CoreMemory::file_of(const Mapping& mapping) {
  const auto known = files_.find(mapping.inode);
  if (known != files_.end()) return known->second;
  return files_.emplace(mapping.inode, find(mapping)).first->second;
}

CoreFile CoreMemory::find(const Mapping& mapping) {
  CoreFile result;
  if (!mapping.path.starts_with('/') || mapping.path.starts_with("/dev/")) return result;
  // What the core has of the file's first page tells which build it is.
  std::array<std::byte, kCorePage> page;
  std::span<const std::byte> beginning;
  for (const Mapping& other : core_.maps) {
    if (other.inode != mapping.inode || other.offset != 0) continue;
    const CoreSegment* segment = segment_at(other.range.begin);
    if (segment == nullptr || segment->range.begin != other.range.begin) break;
    const std::size_t size = std::min<std::uint64_t>(segment->present, page.size());
    if (pread_all(fd_.get(), page.data(), size, segment->file_offset)) {
      beginning = std::span(page).first(size);
    }
    break;
  }
  result.build_id = build_id_of(beginning);

  const auto is_it = [&](int fd, const ElfImage& headers) {
    if (!result.build_id.empty() && !headers.build_id.empty())
      return result.build_id == headers.build_id;
    // No word of it in the core: the path alone tells, unless another file may have it by now.
    if (beginning.empty()) return !mapping.deleted;
    return same_beginning(fd, beginning);
  };
  std::vector<std::string> paths{mapping.path};
  for (std::string& path : paths_by_id(result.build_id)) paths.push_back(std::move(path));
  for (const std::string& path : paths) {
    Descriptor fd(open_file_below(sysroot_, path));
    auto headers = fd ? read_elf_headers(fd.get()) : std::nullopt;
    if (!headers || headers->segments.empty() || !is_it(fd.get(), *headers)) continue;
    result.fd = std::move(fd);
    result.headers = std::move(*headers);
    return result;
  }
  return result;
}

bool CoreMemory::read_file(const Mapping& mapping, Address address, std::byte* into,
                           std::size_t size) {
  const int fd = file_of(mapping).fd.get();
  if (fd < 0) return false;
  const std::uint64_t offset = mapping.offset + (address - mapping.range.begin);
  std::memset(into, 0, size);  // a page's end behind the file's
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(fd, into + done, size - done, static_cast<off_t>(offset + done));
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

bool CoreMemory::read_one(Address address, std::byte* into, std::size_t size) {
  while (size != 0) {
    std::size_t part = 0;
    const CoreSegment* segment = segment_at(address);
    const Mapping* mapping = mapping_at(address);
    if (segment != nullptr && segment->dumped().contains(address)) {
      part = std::min<std::uint64_t>(size, segment->dumped().end - address);
      const std::uint64_t offset = segment->file_offset + (address - segment->range.begin);
      if (segment->zeros) {
        std::memset(into, 0, part);
      } else if (!pread_all(fd_.get(), into, part, offset)) {
        return false;
      }
    } else {
      // What was written and is cut off stands in no file.
      const bool cut = segment != nullptr && segment->claimed > segment->present;
      if (mapping == nullptr || !mapping->file_backed() || (cut && mapping->writable)) return false;
      part = std::min<std::uint64_t>(size, mapping->range.end - address);
      if (!read_file(*mapping, address, into, part)) return false;
    }
    address += part;
    into += part;
    size -= part;
  }
  return true;
}

void CoreMemory::read(std::span<ReadRequest> requests) {
  for (ReadRequest& request : requests) {
    request.ok = request.size <= ~request.address &&
                 read_one(request.address, static_cast<std::byte*>(request.into), request.size);
  }
}

std::vector<AddressRange> CoreMemory::readable_parts(const Mapping& mapping) {
  std::vector<AddressRange> parts;
  Address at = mapping.range.begin;
  const CoreSegment* segment = segment_at(at);
  if (segment != nullptr) {
    const Address end = std::min(segment->dumped().end, mapping.range.end);
    if (at < end) parts.push_back({at, end});
    at = std::max(at, end);
    if (segment->claimed > segment->present && mapping.writable) return parts;
  }
  if (at < mapping.range.end && mapping.file_backed() && file_of(mapping).fd) {
    if (parts.empty()) return {{at, mapping.range.end}};
    parts.back().end = mapping.range.end;
  }
  return parts;
}

std::uint64_t CoreMemory::object_bytes() const {
  std::uint64_t bytes = 0;
  for (const Mapping& mapping : core_.maps) {
    const CoreSegment* segment = segment_at(mapping.range.begin);
    if (segment == nullptr || !may_hold_objects(mapping)) continue;
    const auto end = static_cast<off_t>(segment->file_offset + segment->present);
    auto at = static_cast<off_t>(segment->file_offset);
    while (at < end) {
      const off_t data = ::lseek(fd_.get(), at, SEEK_DATA);
      if (data < 0 || data >= end) break;
      off_t hole = ::lseek(fd_.get(), data, SEEK_HOLE);
      if (hole <= data || hole > end) hole = end;
      bytes += static_cast<std::uint64_t>(hole - data);
      at = hole;
    }
  }
  return bytes;
}

Mirror whole_core(CoreMemory& memory) {
  std::vector<Mirror::Segment> segments;
  for (const Mapping& mapping : memory.core().maps) {
    if (!mapping.readable || mapping.path.starts_with("/dev/")) continue;
    for (const AddressRange& part : memory.readable_parts(mapping)) {
      segments.push_back(Mirror::lazy(part));
    }
  }
  return Mirror(std::move(segments), &memory);
}

Mirror objects_of_core(CoreMemory& memory) {
  std::vector<AddressRange> objects;
  std::vector<Mirror::Segment> segments;
  for (const Mapping& mapping : memory.core().maps) {
    const bool may_hold = may_hold_objects(mapping);
    if (!may_hold && !constant_data(mapping)) continue;
    Address at = mapping.range.begin;
    for (const AddressRange& part : memory.readable_parts(mapping)) {
      at = part.end;
      if (!may_hold) {
        segments.push_back(Mirror::lazy(part));
      } else if (!objects.empty() && objects.back().end == part.begin) {
        objects.back().end = part.end;  // what spans two mappings is contiguous
      } else {
        objects.push_back(part);
      }
    }
    if (at < mapping.range.end) segments.push_back(Mirror::left_out({at, mapping.range.end}));
  }
  for (const AddressRange& range : objects) segments.push_back(Mirror::lazy(range));
  return Mirror(std::move(segments), &memory);
}

}  // namespace heapglass
