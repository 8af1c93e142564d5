// What fuzz targets have in common: an input as a file, and a run that ends.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "symbols/descriptor.h"

namespace heapglass {

// A file in memory with these bytes.
inline Descriptor file_of(const std::uint8_t* data, std::size_t size) {
  Descriptor file(::memfd_create("fuzz", MFD_CLOEXEC));
  if (::write(file.get(), data, size) != static_cast<ssize_t>(size)) std::abort();
  return file;
}

}  // namespace heapglass
