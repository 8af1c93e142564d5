// What minizip reads and writes through: a descriptor that somebody else opened. And the head of an
// .npy entry, which the writer writes and the reader expects.
#pragma once

#include <minizip/ioapi.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace heapglass {

struct ArchiveStream {
  int fd = -1;
  std::uint64_t at = 0;
  int error = 0;  // errno of what went wrong first
  // Of the file from `ahead_at` on: minizip reads its directory byte by byte.
  std::string ahead{};
  std::uint64_t ahead_at = 0;
};

// `stream` must outlive what is opened with them.
zlib_filefunc64_def functions_of(ArchiveStream& stream);

// By pread; how much there was.
std::size_t read_at(ArchiveStream& stream, std::uint64_t at, char* into, std::size_t size);

inline constexpr std::size_t kArchivePiece = std::size_t{1} << 20;  // between two looks at signals

// Magic, version 1.0, length of the rest; a dict as Python writes it, padded to 64 bytes.
std::string npy_head(std::string_view type, std::size_t size);

}  // namespace heapglass
