// A zip of arrays in NumPy's .npy format (numpy/lib/format.py), which is what an .npz file is, by
// minizip on a descriptor that somebody else opened. libzip would be nicer to use, but Debian has
// it for dynamic linking only, and heapglass is also one static binary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "inspector/graph/big_vector.h"
#include "inspector/run.h"

namespace heapglass {

// "<u8", "<i4": little-endian numbers, and (unsigned) enumerations.
template <class T>
constexpr std::string_view npy_type() {
  static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
  if (std::is_signed_v<T>) return sizeof(T) == 8 ? "<i8" : "<i4";
  return sizeof(T) == 8 ? "<u8" : sizeof(T) == 4 ? "<u4" : sizeof(T) == 2 ? "<u2" : "|u1";
}

class ArchiveWriter {
 public:
  // `fd` is written from its beginning on, and must be able to seek; it stays the caller's.
  ArchiveWriter(int fd, bool compress, const Run& run);
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  // All of these throw Failure(not_written), Interrupted.
  void add_text(const std::string& name, std::string_view text);
  template <class T>
  void add_array(const std::string& name, std::span<const T> values) {
    add_npy(name, npy_type<T>(), values.size(), sizeof(T), std::as_bytes(values));
  }
  // `fill` writes elements [first, first + n) to where it is told, for what is stored otherwise.
  void add_u64(const std::string& name, std::size_t size,
               const std::function<void(std::size_t first, std::span<std::uint64_t> into)>& fill);
  void finish();

 private:
  struct File;
  void add_npy(const std::string& name, std::string_view type, std::size_t size, std::size_t width,
               std::span<const std::byte> bytes);
  void begin(const std::string& name, std::uint64_t size);
  void write(std::span<const std::byte> bytes);
  void end();
  [[noreturn]] void fail() const;

  std::unique_ptr<File> file_;
};

class ArchiveReader {
 public:
  // Throws Failure(not_cpython) for what is no such file or damaged; all sizes are checked against
  // the file's before anything is allocated, and checksums when an entry was read.
  ArchiveReader(int fd, const std::string& name, const Run& run);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  std::string text(const std::string& entry);
  bool has(const std::string& entry) const;
  // Of all entries together, unpacked. Throws Failure(not_cpython).
  std::uint64_t unpacked_bytes() const;
  template <class T>
  BigVector<T> array(const std::string& entry) {
    BigVector<T> values;
    open_npy(entry, npy_type<T>(), sizeof(T));
    values.resize(elements_);
    read(std::as_writable_bytes(std::span<T>(values)));
    close();
    return values;
  }
  [[noreturn]] void damaged(const std::string& what) const;

 private:
  struct File;
  std::uint64_t open(const std::string& entry);  // its size
  void open_npy(const std::string& entry, std::string_view type, std::size_t width);
  void read(std::span<std::byte> into);
  void close();

  std::unique_ptr<File> file_;
  std::size_t elements_ = 0;  // of the array that is open
};

}  // namespace heapglass
