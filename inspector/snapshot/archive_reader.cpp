#include <minizip/unzip.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "inspector/snapshot/archive.h"
#include "inspector/snapshot/archive_stream.h"
#include "symbols/failure.h"

namespace heapglass {

namespace {

constexpr std::size_t kMostText = std::size_t{1} << 30;  // names of a heap are some megabytes
constexpr std::uint64_t kMostRatio = 1040;               // deflate makes no more of a byte

}  // namespace

struct ArchiveReader::File {
  ArchiveStream stream;
  std::string name;
  const Run& run;
  unzFile zip = nullptr;
  std::uint64_t file_size = 0;
};

ArchiveReader::ArchiveReader(int fd, const std::string& name, const Run& run)
    : file_(new File{ArchiveStream{.fd = fd}, name, run}) {
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
  if (claims_too_much(info, file_->file_size)) {
    damaged(entry + " claims more than the file has");
  }
  if (unzOpenCurrentFile(file_->zip) != UNZ_OK) damaged(entry + " cannot be read");
  return info.uncompressed_size;
}

void ArchiveReader::read(std::span<std::byte> into) {
  while (!into.empty()) {
    if (file_->run.stopping()) throw Interrupted{file_->run.interrupted->load()};
    const std::size_t size = std::min(into.size(), kArchivePiece);
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
