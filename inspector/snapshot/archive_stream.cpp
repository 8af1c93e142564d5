#include "inspector/snapshot/archive_stream.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

namespace heapglass {

std::size_t read_at(ArchiveStream& stream, std::uint64_t at, char* into, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(stream.fd, into + done, size - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && stream.error == 0) stream.error = errno;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

namespace {

ArchiveStream& stream_of(voidpf opaque) { return *static_cast<ArchiveStream*>(opaque); }

voidpf open_stream(voidpf opaque, const void*, int) { return opaque; }

uLong read_stream(voidpf opaque, voidpf, void* into, uLong size) {
  constexpr std::size_t kAhead = 4096;
  ArchiveStream& stream = stream_of(opaque);
  char* const bytes = static_cast<char*>(into);
  uLong done = 0;
  if (size >= kAhead) {
    done = read_at(stream, stream.at, bytes, size);
  } else {
    const auto known = [&] {
      return stream.at >= stream.ahead_at &&
             stream.at + size <= stream.ahead_at + stream.ahead.size();
    };
    if (!known()) {
      stream.ahead.resize(kAhead);
      stream.ahead.resize(read_at(stream, stream.at, stream.ahead.data(), kAhead));
      stream.ahead_at = stream.at;
    }
    done = known() ? size : stream.ahead.size();
    std::memcpy(bytes, stream.ahead.data() + (stream.at - stream.ahead_at), done);
  }
  stream.at += done;
  return done;
}

uLong write_stream(voidpf opaque, voidpf, const void* from, uLong size) {
  ArchiveStream& stream = stream_of(opaque);
  uLong done = 0;
  while (done < size) {
    const ssize_t put = ::pwrite(stream.fd, static_cast<const char*>(from) + done, size - done,
                                 static_cast<off_t>(stream.at));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      if (stream.error == 0) stream.error = put < 0 ? errno : ENOSPC;
      break;
    }
    done += static_cast<uLong>(put);
    stream.at += static_cast<std::uint64_t>(put);
  }
  return done;
}
ZPOS64_T tell_stream(voidpf opaque, voidpf) { return stream_of(opaque).at; }
long seek_stream(voidpf opaque, voidpf, ZPOS64_T offset, int origin) {
  ArchiveStream& stream = stream_of(opaque);
  std::uint64_t base = 0;
  if (origin == ZLIB_FILEFUNC_SEEK_CUR) base = stream.at;
  if (origin == ZLIB_FILEFUNC_SEEK_END) {
    struct stat file {};
    if (::fstat(stream.fd, &file) != 0) return -1;
    base = static_cast<std::uint64_t>(file.st_size);
  }
  stream.at = base + offset;
  return stream.at <= static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()) ? 0 : -1;
}
int close_stream(voidpf, voidpf) { return 0; }
int error_of_stream(voidpf opaque, voidpf) { return stream_of(opaque).error; }

}  // namespace

zlib_filefunc64_def functions_of(ArchiveStream& stream) {
  return {open_stream, read_stream,  write_stream,    tell_stream,
          seek_stream, close_stream, error_of_stream, &stream};
}

std::string npy_head(std::string_view type, std::size_t size) {
  std::string dict = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (" +
                     std::to_string(size) + ",), }";
  constexpr std::size_t kBefore = 10, kAligned = 64;
  dict.append((kAligned - (kBefore + dict.size() + 1) % kAligned) % kAligned, ' ');
  dict += '\n';
  std::string head = "\x93NUMPY";
  head += '\x01';
  head += '\x00';
  head += static_cast<char>(dict.size() & 0xff);
  head += static_cast<char>(dict.size() >> 8);
  return head + dict;
}

}  // namespace heapglass
