#include <minizip/zip.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>

#include "inspector/snapshot/archive.h"
#include "inspector/snapshot/archive_stream.h"
#include "symbols/failure.h"

namespace heapglass {

struct ArchiveWriter::File {
  ArchiveStream stream;
  zipFile zip = nullptr;
  int level = 0;
  const Run& run;
};

ArchiveWriter::ArchiveWriter(int fd, bool compress, const Run& run)
    : file_(new File{ArchiveStream{.fd = fd}, nullptr, compress ? Z_BEST_SPEED : 0, run}) {
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
    const std::size_t size = std::min(bytes.size(), kArchivePiece);
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
  std::vector<std::uint64_t> piece(std::min(size, kArchivePiece / sizeof(std::uint64_t)));
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

}  // namespace heapglass
