// zstd around cores: they are mostly pointers with equal upper halves, and shrink to a fifth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "inspector/run.h"
#include "inspector/target/core_writer.h"
#include "symbols/descriptor.h"

struct ZSTD_CCtx_s;

namespace heapglass {

class Compressor {
 public:
  // `write` gets the compressed bytes, the last of them in finish().
  explicit Compressor(Write write);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  void write(std::string_view bytes) { compress(bytes, false); }
  void finish() { compress({}, true); }

 private:
  void compress(std::string_view bytes, bool last);

  Write write_;
  ZSTD_CCtx_s* context_;
  std::string buffer_;
};

bool is_compressed(int fd);
// The first bytes of what was compressed, at most `size`.
std::string decompressed_beginning(int fd, std::size_t size);

// All of it, in memory of ours (memfd; runs of zeros take none), at most `limit` bytes of memory.
// What was compressed may be cut or damaged: what there is before that. Throws Failure(incomplete)
// beyond the limit, Interrupted.
Descriptor decompress(int fd, std::uint64_t limit, const Run& run);

}  // namespace heapglass
