#include "inspector/target/zstd.h"

#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "inspector/target/page_map.h"
#include "symbols/failure.h"

namespace heapglass {

namespace {

struct Free {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Streams a file through zstd, a piece at a time.
class Decompressor {
 public:
  explicit Decompressor(int fd)
      : fd_(fd),
        context_(ZSTD_createDCtx()),
        in_(ZSTD_DStreamInSize()),
        out_(ZSTD_DStreamOutSize()) {
    if (!context_) throw std::bad_alloc();
    // A window that a file claims is no reason for more memory than 128 MB.
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, 27);
  }

  // The next bytes; empty at the end, and where the file is cut or damaged.
  std::string_view next() {
    while (true) {
      if (input_.pos == input_.size && !fill()) return {};
      ZSTD_outBuffer output{out_.data(), out_.size(), 0};
      const std::size_t left = ZSTD_decompressStream(context_.get(), &output, &input_);
      if (ZSTD_isError(left)) {
        input_.pos = input_.size;
        offset_ = -1;
      }
      if (output.pos != 0) return {out_.data(), output.pos};
      if (ZSTD_isError(left)) return {};
    }
  }

 private:
  bool fill() {
    if (offset_ < 0) return false;
    const ssize_t got = ::pread(fd_, in_.data(), in_.size(), offset_);
    if (got <= 0) return false;
    offset_ += got;
    input_ = {in_.data(), static_cast<std::size_t>(got), 0};
    return true;
  }

  int fd_;
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  std::vector<char> in_, out_;
  ZSTD_inBuffer input_{nullptr, 0, 0};
  off_t offset_ = 0;
};

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

}  // namespace

Compressor::Compressor(Write write)
    : write_(std::move(write)), context_(ZSTD_createCCtx()), buffer_(ZSTD_CStreamOutSize(), '\0') {
  if (context_ == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
}

Compressor::~Compressor() { ZSTD_freeCCtx(context_); }

void Compressor::compress(std::string_view bytes, bool last) {
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  while (true) {
    ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
    const std::size_t left =
        ZSTD_compressStream2(context_, &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) throw Failure(Exit::not_written, ZSTD_getErrorName(left));
    if (output.pos != 0) write_({buffer_.data(), output.pos});
    if (last ? left == 0 : input.pos == input.size) return;
  }
}

bool is_compressed(int fd) {
  std::array<unsigned char, 4> magic{};
  constexpr std::array<unsigned char, 4> kMagic{0x28, 0xb5, 0x2f, 0xfd};
  return ::pread(fd, magic.data(), magic.size(), 0) == 4 && magic == kMagic;
}

std::string decompressed_beginning(int fd, std::size_t size) {
  Decompressor from(fd);
  std::string result;
  while (result.size() < size) {
    const std::string_view bytes = from.next();
    if (bytes.empty()) break;
    result.append(bytes.substr(0, size - result.size()));
  }
  return result;
}

Descriptor decompress(int fd, std::uint64_t limit, const Run& run) {
  Descriptor memory(::memfd_create("core", MFD_CLOEXEC));
  if (!memory) throw std::bad_alloc();
  Decompressor from(fd);
  off_t end = 0;
  std::uint64_t used = 0;
  for (std::string_view bytes = from.next(); !bytes.empty(); bytes = from.next()) {
    if (run.stopping()) throw Interrupted{run.interrupted->load()};
    const off_t next = end + static_cast<off_t>(bytes.size());
    // Nothing that claims to be a core of more than 16 TB is one.
    if (next >> 44 != 0) break;
    for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), kPage))) {
      const std::string_view page = bytes.substr(0, kPage);
      const off_t at = next - static_cast<off_t>(bytes.size());
      if (all_zero(page)) continue;
      used += page.size();
      if (used > limit) {
        throw Failure(Exit::incomplete,
                      "what is compressed in the core does not fit into memory here",
                      "unzstd CORE, and use the file that this makes");
      }
      if (::pwrite(memory.get(), page.data(), page.size(), at) != static_cast<ssize_t>(page.size()))
        throw std::bad_alloc();
    }
    end = next;
  }
  if (::ftruncate(memory.get(), end) != 0) throw std::bad_alloc();
  return memory;
}

}  // namespace heapglass
