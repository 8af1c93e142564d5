// The readers of ELF files and of /proc/PID/maps.
#include <string_view>
#include <vector>

#include "symbols/elf_image.h"
#include "symbols/maps.h"
#include "tests/fuzz/input.h"

using namespace heapglass;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Address end = 0;
  for (const Mapping& mapping : parse_maps({reinterpret_cast<const char*>(data), size})) {
    if (mapping.range.begin < end || mapping.range.end <= mapping.range.begin) std::abort();
    end = mapping.range.end;
  }
  build_id_of({reinterpret_cast<const std::byte*>(data), size});
  const Descriptor file = file_of(data, size);
  if (const auto image = read_elf(file.get())) {
    image->bias(0x400000, 0x1000);
    image->symbol("_PyRuntime");
  }
  return 0;
}
