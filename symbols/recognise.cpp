// Whether a process is CPython, for a list of all processes: from its maps and its interpreter's
// file alone, so that it needs no right to read its memory.
#include <unistd.h>

#include <algorithm>
#include <exception>

#include "symbols/descriptor.h"
#include "symbols/interpreter.h"
#include "symbols/interpreter_file.h"
#include "symbols/version.h"

namespace heapglass {
namespace {

// What a file says is at an address before the program changes it. Enough for constants.
class FileMemory final : public Memory {
 public:
  using Memory::read;
  FileMemory(int fd, std::vector<ElfSegment> segments, Address bias)
      : fd_(fd), segments_(std::move(segments)), bias_(bias) {}

  void read(std::span<ReadRequest> requests) override {
    for (ReadRequest& request : requests) request.ok = read_one(request);
  }

 private:
  bool read_one(const ReadRequest& request) const {
    const Address vaddr = request.address - bias_;
    for (const ElfSegment& segment : segments_) {
      if (vaddr < segment.vaddr) continue;
      const std::uint64_t at = vaddr - segment.vaddr;
      if (at > segment.file_size || request.size > segment.file_size - at) continue;
      const auto offset = static_cast<off_t>(segment.file_offset + at);
      return pread(fd_, request.into, request.size, offset) == static_cast<ssize_t>(request.size);
    }
    return false;
  }

  int fd_;
  std::vector<ElfSegment> segments_;
  Address bias_;
};

std::optional<Interpreter> recognise(pid_t pid) {
  const auto maps = read_maps(pid);
  for (const MappedFile& file : mapped_files(maps, executable_path(pid))) {
    // The rest of the files is not worth a look at every process of a machine.
    if (!file.is_executable && !file.named_python) continue;
    const Descriptor fd(open_mapped_file(pid, file.first));
    auto image = fd ? read_elf(fd.get()) : std::nullopt;
    if (!image) continue;
    const auto bias = image->bias(file.first.range.begin, file.first.offset);
    if (!bias) continue;
    FileMemory memory(fd.get(), image->segments, *bias);
    auto interpreter = interpreter_in(file, std::move(*image), memory);
    if (!interpreter) continue;
    read_version(*interpreter, maps, memory);
    return interpreter;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Interpreter> recognise_interpreter(pid_t pid) {
  try {
    return recognise(pid);
  } catch (const std::exception&) {  // gone, or not ours to see
    return std::nullopt;
  }
}

}  // namespace heapglass
