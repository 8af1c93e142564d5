// The reader of cores, and the way from one to a graph: whatever the bytes, refused or counted.
#include <string>

#include "inspector/inspect_core.h"
#include "symbols/failure.h"
#include "tests/fuzz/input.h"

using namespace heapglass;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Descriptor file = file_of(data, size);
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  Run run;
  run.max_memory = std::uint64_t{1} << 30;
  if (!looks_like_core(path)) return 0;
  try {
    // No files of this machine: a name in a core must not decide how long a run takes.
    inspect_core({path, "/nonexistent"}, {.names = true, .columns = kAllColumns, .contents = true},
                 run);
  } catch (const Failure&) {
  } catch (const std::bad_alloc&) {  // more address space than there is: exit 6
  }
  return 0;
}
