#include "inspector/snapshot/archive.h"

#include <minizip/unzip.h>
#include <minizip/zip.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <system_error>
#include <vector>

#include "symbols/failure.h"

namespace heapglass {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;     // between two looks at signals
constexpr std::size_t kMostText = std::size_t{1} << 30;  // names of a heap are some megabytes
constexpr std::uint64_t kMostRatio = 1040;               // deflate makes no more of a byte

// What minizip reads and writes through.
struct Stream {
  int fd = -1;
  std::uint64_t at = 0;
  int error = 0;  // errno of what went wrong first
  // Of the file from `ahead_at` on: minizip reads its directory byte by byte.
  std::string ahead{};
  std::uint64_t ahead_at = 0;
};

Stream& stream_of(voidpf opaque) { return *static_cast<Stream*>(opaque); }

voidpf open_stream(voidpf opaque, const void*, int) { return opaque; }

std::size_t read_at(Stream& stream, std::uint64_t at, char* into, std::size_t size) {
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

uLong read_stream(voidpf opaque, voidpf, void* into, uLong size) {
  constexpr std::size_t kAhead = 4096;
  Stream& stream = stream_of(opaque);
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
  Stream& stream = stream_of(opaque);
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
  Stream& stream = stream_of(opaque);
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

zlib_filefunc64_def functions_of(Stream& stream) {
  return {open_stream, read_stream,  write_stream,    tell_stream,
          seek_stream, close_stream, error_of_stream, &stream};
}

// Magic, version 1.0, length of the rest; a dict as Python writes it, padded to 64 bytes.
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

}  // namespace

struct ArchiveWriter::File {
  Stream stream;
  zipFile zip = nullptr;
  int level = 0;
  const Run& run;
};

ArchiveWriter::ArchiveWriter(int fd, bool compress, const Run& run)
    : file_(new File{Stream{.fd = fd}, nullptr, compress ? Z_BEST_SPEED : 0, run}) {
  zlib_filefunc64_def functions = functions_of(file_->stream);
  file_->zip = zipOpen2_64("", APPEND_STATUS_CREATE, nullptr, &functions);
  if (file_->zip == nullptr) fail();
}

ArchiveWriter::~ArchiveWriter() {
  if (file_->zip != nullptr) zipClose(file_->zip, nullptr);
}

void ArchiveWriter::fail() const {
  const int error = file_->stream.error;
  throw Failure(Exit::not_written,
                "cannot write the snapshot: " +
                    (error != 0 ? std::generic_category().message(error) : "an error of minizip"),
                error == ENOSPC || error == EDQUOT ? "name a file on a disk with more room"
                                                   : "name another file");
}

void ArchiveWriter::begin(const std::string& name, std::uint64_t size) {
  zip_fileinfo info{};
  info.tmz_date = {0, 0, 0, 1, 0, 1980};  // of no interest, and two equal heaps give equal files
  const bool large = size >= std::numeric_limits<std::uint32_t>::max();
  if (zipOpenNewFileInZip64(file_->zip, name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr,
                            file_->level == 0 ? 0 : Z_DEFLATED, file_->level,
                            large ? 1 : 0) != ZIP_OK) {
    fail();
  }
}

void ArchiveWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (file_->run.stopping()) throw Interrupted{file_->run.interrupted->load()};
    const std::size_t size = std::min(bytes.size(), kPiece);
    if (zipWriteInFileInZip(file_->zip, bytes.data(), static_cast<unsigned>(size)) != ZIP_OK) {
      fail();
    }
    bytes = bytes.subspan(size);
  }
}

void ArchiveWriter::end() {
  if (zipCloseFileInZip(file_->zip) != ZIP_OK) fail();
}

void ArchiveWriter::add_text(const std::string& name, std::string_view text) {
  begin(name, text.size());
  write(std::as_bytes(std::span(text)));
  end();
}

void ArchiveWriter::add_npy(const std::string& name, std::string_view type, std::size_t size,
                            std::size_t width, std::span<const std::byte> bytes) {
  const std::string head = npy_head(type, size);
  begin(name + ".npy", head.size() + size * width);
  write(std::as_bytes(std::span(head)));
  write(bytes);
  end();
}

void ArchiveWriter::add_u64(
    const std::string& name, std::size_t size,
    const std::function<void(std::size_t, std::span<std::uint64_t>)>& fill) {
  const std::string head = npy_head(npy_type<std::uint64_t>(), size);
  begin(name + ".npy", head.size() + size * sizeof(std::uint64_t));
  write(std::as_bytes(std::span(head)));
  std::vector<std::uint64_t> piece(std::min(size, kPiece / sizeof(std::uint64_t)));
  for (std::size_t first = 0; first < size; first += piece.size()) {
    const std::span<std::uint64_t> part(piece.data(), std::min(piece.size(), size - first));
    fill(first, part);
    write(std::as_bytes(part));
  }
  end();
}

void ArchiveWriter::finish() {
  zipFile zip = std::exchange(file_->zip, nullptr);
  if (zipClose(zip, nullptr) != ZIP_OK) fail();
}

struct ArchiveReader::File {
  Stream stream;
  std::string name;
  const Run& run;
  unzFile zip = nullptr;
  std::uint64_t file_size = 0;
};

ArchiveReader::ArchiveReader(int fd, const std::string& name, const Run& run)
    : file_(new File{Stream{.fd = fd}, name, run}) {
  struct stat file {};
  if (::fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) damaged("it is no regular file");
  file_->file_size = static_cast<std::uint64_t>(file.st_size);
  // minizip does not miss the last bytes of the end record, which are the length of no comment.
  constexpr std::size_t kEndRecord = 22;
  std::array<char, kEndRecord> end{};
  const bool ends =
      file_->file_size >= end.size() &&
      read_at(file_->stream, file_->file_size - end.size(), end.data(), end.size()) == end.size() &&
      std::string_view(end.data(), 4) == "PK\x05\x06";
  if (!ends) damaged("it is cut short");
  zlib_filefunc64_def functions = functions_of(file_->stream);
  file_->zip = unzOpen2_64("", &functions);
  if (file_->zip == nullptr) damaged("its directory cannot be read");
}

ArchiveReader::~ArchiveReader() {
  if (file_->zip != nullptr) unzClose(file_->zip);
}

void ArchiveReader::damaged(const std::string& what) const {
  throw Failure(Exit::not_cpython, file_->name + " is no snapshot that can be read: " + what,
                "heapglass snapshot PID -o FILE");
}

bool ArchiveReader::has(const std::string& entry) const {
  return unzLocateFile(file_->zip, entry.c_str(), 1) == UNZ_OK;
}

namespace {

bool claims_too_much(const unz_file_info64& info, std::uint64_t file_size) {
  const std::uint64_t ratio = info.compression_method == 0 ? 1 : kMostRatio;
  return info.compressed_size > file_size || info.uncompressed_size / ratio > info.compressed_size;
}

}  // namespace

std::uint64_t ArchiveReader::unpacked_bytes() const {
  std::uint64_t sum = 0;
  for (int more = unzGoToFirstFile(file_->zip); more == UNZ_OK;
       more = unzGoToNextFile(file_->zip)) {
    unz_file_info64 info{};
    if (unzGetCurrentFileInfo64(file_->zip, &info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK) {
      damaged("its directory is damaged");
    }
    // What claims too much is told when it is opened.
    if (!claims_too_much(info, file_->file_size)) sum += info.uncompressed_size;
  }
  return sum;
}

std::uint64_t ArchiveReader::open(const std::string& entry) {
  if (!has(entry)) damaged("it has no " + entry);
  unz_file_info64 info{};
  if (unzGetCurrentFileInfo64(file_->zip, &info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK) {
    damaged("its directory is damaged");
  }
  if (claims_too_much(info, file_->file_size)) damaged(entry + " claims more than the file has");
  if (unzOpenCurrentFile(file_->zip) != UNZ_OK) damaged(entry + " cannot be read");
  return info.uncompressed_size;
}

void ArchiveReader::read(std::span<std::byte> into) {
  while (!into.empty()) {
    if (file_->run.stopping()) throw Interrupted{file_->run.interrupted->load()};
    const std::size_t size = std::min(into.size(), kPiece);
    const int got = unzReadCurrentFile(file_->zip, into.data(), static_cast<unsigned>(size));
    if (got <= 0) damaged("it ends too early");
    into = into.subspan(static_cast<std::size_t>(got));
  }
}

void ArchiveReader::close() {
  // minizip compares the checksum when the last byte was read.
  std::byte beyond{};
  const bool more = unzReadCurrentFile(file_->zip, &beyond, 1) != 0;
  if (unzCloseCurrentFile(file_->zip) != UNZ_OK) damaged("a checksum is wrong");
  if (more) damaged("an entry is longer than it says");
}

std::string ArchiveReader::text(const std::string& entry) {
  const std::uint64_t size = open(entry);
  if (size > kMostText) damaged(entry + " is too long");
  std::string result(static_cast<std::size_t>(size), '\0');
  read(std::as_writable_bytes(std::span(result)));
  close();
  return result;
}

void ArchiveReader::open_npy(const std::string& entry, std::string_view type, std::size_t width) {
  const std::uint64_t size = open(entry + ".npy");
  constexpr std::size_t kBefore = 10;
  std::array<std::byte, kBefore> before{};
  if (size < kBefore) damaged(entry + " is no array");
  read(before);
  const std::size_t length =
      static_cast<std::size_t>(before[8]) | static_cast<std::size_t>(before[9]) << 8;
  if (std::memcmp(before.data(), "\x93NUMPY\x01", 7) != 0 || size < kBefore + length) {
    damaged(entry + " is no array");
  }
  std::string head(length, '\0');
  read(std::as_writable_bytes(std::span(head)));
  const std::uint64_t bytes = size - kBefore - length;
  elements_ = static_cast<std::size_t>(bytes / width);
  // What we or NumPy write for a vector of so many.
  const std::string expected = npy_head(type, elements_).substr(kBefore);
  if (bytes % width != 0 || head != expected) {
    damaged(entry + " is no vector of " + std::string(type));
  }
}

}  // namespace heapglass
