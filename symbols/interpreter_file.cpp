// Which mapped files may be the interpreter, and whether one is.
#include "symbols/interpreter_file.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "symbols/version.h"

namespace heapglass {
namespace {

// A program without dynamic symbols still has its section headers, most of the time.
constexpr const char* kRuntimeSection = ".PyRuntime";
// Ten times the largest; a size that a file claims is no reason to read gigabytes.
constexpr std::uint64_t kMaxRuntime = std::uint64_t{16} << 20;

bool holds_runtime(const ElfImage& image) {
  return image.symbol("_PyRuntime") || image.sections.contains(kRuntimeSection) ||
         (image.symbol("PyInterpreterState_Head") && image.symbol("Py_GetVersion"));
}

AddressRange runtime_of(const ElfImage& image, Address bias) {
  AddressRange section;
  if (const auto found = image.sections.find(kRuntimeSection); found != image.sections.end())
    section = found->second;
  AddressRange runtime = section;
  if (const auto symbol = image.symbol("_PyRuntime")) {
    const std::uint64_t size = symbol->size != 0 ? symbol->size : section.size();
    runtime = {symbol->value, symbol->value + size};
  }
  runtime = {runtime.begin + bias, runtime.end + bias};
  if (runtime.end <= runtime.begin || runtime.size() > kMaxRuntime) return {};
  return runtime;
}

// 3.13+: where a file without section headers begins what it has for _PyRuntime, by the cookie of
// the debug offsets (Include/internal/pycore_debug_offsets.h). It ends somewhere in the same
// segment.
AddressRange runtime_by_cookie(const ElfImage& image, Address bias, Memory& memory) {
  constexpr std::string_view kCookie = "xdebugpy";
  constexpr std::uint64_t kMost = std::uint64_t{64} << 20;
  for (const ElfSegment& segment : image.segments) {
    if ((segment.flags & PF_W) == 0) continue;
    std::string bytes(std::min(segment.file_size, kMost), '\0');
    if (!memory.read(bias + segment.vaddr, bytes.data(), bytes.size())) continue;
    const std::size_t at = bytes.find(kCookie);
    if (at == bytes.npos) continue;
    const Address begin = bias + segment.vaddr + at;
    return {begin, begin + std::min(segment.memory_size - at, kMaxRuntime)};
  }
  return {};
}

int rank(const MappedFile& file) { return file.is_executable ? 0 : file.named_python ? 1 : 2; }

}  // namespace

std::string executable_path(pid_t pid) {
  std::array<char, 4096> path;
  const std::string link = "/proc/" + std::to_string(pid) + "/exe";
  const ssize_t size = readlink(link.c_str(), path.data(), path.size());
  if (size <= 0) return {};
  std::string result(path.data(), static_cast<std::size_t>(size));
  constexpr std::string_view kDeleted = " (deleted)";
  if (result.ends_with(kDeleted)) result.resize(result.size() - kDeleted.size());
  return result;
}

std::vector<MappedFile> mapped_files(const std::vector<Mapping>& maps,
                                     const std::string& executable) {
  std::vector<MappedFile> files;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint64_t>, std::size_t> known;
  for (const Mapping& mapping : maps) {
    if (!mapping.file_backed()) continue;
    const auto [at, fresh] = known.try_emplace(
        {mapping.device_major, mapping.device_minor, mapping.inode}, files.size());
    if (fresh) {
      const std::string& path = mapping.path;
      const std::string name = path.substr(path.rfind('/') + 1);
      files.push_back({mapping, name, !executable.empty() && path == executable,
                       python_in_name(name).has_value(), false});
    }
    MappedFile& file = files[at->second];
    if (mapping.offset < file.first.offset) file.first = mapping;
    file.executable_code = file.executable_code || mapping.executable;
  }
  std::stable_sort(files.begin(), files.end(),
                   [](const MappedFile& a, const MappedFile& b) { return rank(a) < rank(b); });
  return files;
}

std::optional<Interpreter> interpreter_in(const MappedFile& file, ElfImage image, Memory& memory) {
  const auto bias = image.bias(file.first.range.begin, file.first.offset);
  if (!bias) return std::nullopt;
  AddressRange runtime;
  if (holds_runtime(image)) {
    runtime = runtime_of(image, *bias);
  } else if (image.sections.empty()) {
    runtime = runtime_by_cookie(image, *bias, memory);
    if (runtime.begin == 0) return std::nullopt;
  } else {
    return std::nullopt;
  }
  Interpreter result;
  result.path = file.first.path;
  result.build_id = image.build_id;
  result.stripped = !image.has_symtab;
  result.bias = *bias;
  result.runtime = runtime;
  result.image = std::move(image);
  return result;
}

std::optional<Address> Interpreter::symbol(std::string_view name) const {
  const auto found = image.symbol(name);
  if (!found) return std::nullopt;
  return found->value + bias;
}

}  // namespace heapglass
