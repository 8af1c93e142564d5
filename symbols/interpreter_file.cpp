// Which mapped files may be the interpreter, and whether one is.
#include "symbols/interpreter_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "symbols/nameless.h"
#include "symbols/version.h"

namespace heapglass {
namespace {

// A program without dynamic symbols still has its section headers, most of the time.
constexpr const char* kRuntimeSection = ".PyRuntime";

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
