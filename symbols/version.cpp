// The version of an interpreter: Py_Version, else the debug offsets, else names, else a text.
#include "symbols/version.h"

#include <charconv>
#include <cstring>

#include "symbols/nameless.h"

namespace heapglass {
namespace {

// Takes a short number off the front of `text`; -1 if there is none.
int take_small_number(std::string_view& text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0 || value > 99) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// "3.6dm" at the front of `text`: version and ABI flags (sys.abiflags).
NamedPython take_version(std::string_view& text) {
  NamedPython named;
  named.major = take_small_number(text);
  if (named.major >= 0 && text.size() > 1 && text[0] == '.') {
    std::string_view rest = text.substr(1);
    named.minor = take_small_number(rest);
    if (named.minor >= 0) text = rest;
  }
  while (!text.empty() && std::string_view("tdmu").find(text.front()) != std::string_view::npos) {
    named.free_threaded = named.free_threaded || text.front() == 't';
    named.debug = named.debug || text.front() == 'd';
    text.remove_prefix(1);
  }
  return named;
}

// "/usr/lib/python3.9/lib-dynload/_json.so": the directory of a standard library that is in use.
std::optional<NamedPython> python_in_directories(const std::vector<Mapping>& maps) {
  constexpr std::string_view kDirectory = "/python";
  for (const Mapping& mapping : maps) {
    const std::string_view path = mapping.path;
    for (std::size_t at = path.find(kDirectory); at != path.npos; at = path.find(kDirectory, at)) {
      at += kDirectory.size();
      std::string_view rest = path.substr(at);
      const NamedPython named = take_version(rest);
      if (named.minor >= 0 && rest.starts_with('/')) return named;
    }
  }
  return std::nullopt;
}

struct DebugOffsetsHead {  // struct _Py_DebugOffsets, at the start of _PyRuntime
  char cookie[8];
  std::uint64_t version;
  std::uint64_t free_threaded;
};

std::optional<DebugOffsetsHead> read_debug_offsets(const Interpreter& interpreter, Memory& memory) {
  if (interpreter.runtime.size() < sizeof(DebugOffsetsHead)) return std::nullopt;
  auto head = memory.value<DebugOffsetsHead>(interpreter.runtime.begin);
  if (!head || std::memcmp(head->cookie, "xdebugpy", sizeof head->cookie) != 0) return std::nullopt;
  return head;
}

// Things that only a build with Py_DEBUG (it implies Py_REF_DEBUG) defines: Objects/object.c.
bool has_debug_symbols(const ElfImage& image) {
  return image.symbol("_Py_RefTotal") || image.symbol("_Py_GetRefTotal") ||
         image.symbol("_Py_NegativeRefcount");
}

bool take_version_constant(Interpreter& interpreter, Memory& memory) {
  const auto address = interpreter.symbol("Py_Version");
  const auto hex = address ? memory.value<std::uint64_t>(*address) : std::nullopt;
  const auto version = hex ? version_of_hex(*hex) : std::nullopt;
  if (!version) return false;
  interpreter.version = *version;
  interpreter.version_source = "Py_Version";
  return true;
}

void take_version_of_names(Interpreter& interpreter, const NamedPython& file,
                           const std::vector<Mapping>& maps) {
  interpreter.version.major = file.major;
  interpreter.version.minor = file.minor;
  interpreter.version.micro = -1;
  if (file.minor >= 0) {
    interpreter.version_source = "file name";
    return;
  }
  const auto used = python_in_directories(maps);
  if (!used) return;
  interpreter.version.major = used->major;
  interpreter.version.minor = used->minor;
  interpreter.version_source = "names of mapped files";
}

}  // namespace

std::string Interpreter::layout_name() const {
  return std::to_string(version.major) + "." + std::to_string(version.minor) +
         (free_threaded ? "t" : "") + (debug ? "d" : "");
}

std::string PythonVersion::text() const {
  if (major < 0) return "?";
  std::string result = std::to_string(major);
  if (minor < 0) return result;
  result += '.' + std::to_string(minor);
  if (micro < 0) return result;
  return result + '.' + std::to_string(micro) + suffix;
}

std::optional<NamedPython> python_in_name(std::string_view name) {
  constexpr std::string_view kLibrary = "libpython";
  constexpr std::string_view kProgram = "python";
  const bool library = name.starts_with(kLibrary);
  if (!library && !name.starts_with(kProgram)) return std::nullopt;
  name.remove_prefix(library ? kLibrary.size() : kProgram.size());
  const NamedPython named = take_version(name);
  // Not "python3-config", not "libpythonvm.so".
  if (library ? !name.starts_with(".so") : !name.empty()) return std::nullopt;
  return named;
}

std::optional<PythonVersion> version_of_hex(std::uint64_t hex) {
  if (hex > 0xffffffff) return std::nullopt;
  const auto byte = [&](unsigned shift) { return static_cast<int>(hex >> shift & 0xff); };
  PythonVersion version{byte(24), byte(16), byte(8), ""};
  if (version.major < 2 || version.major > 9) return std::nullopt;
  const std::string serial = std::to_string(hex & 0xf);
  switch (hex >> 4 & 0xf) {
    case 0xa:
      version.suffix = "a" + serial;
      break;
    case 0xb:
      version.suffix = "b" + serial;
      break;
    case 0xc:
      version.suffix = "rc" + serial;
      break;
    case 0xf:
      break;
    default:
      return std::nullopt;
  }
  return version;
}

void read_version(Interpreter& interpreter, const std::vector<Mapping>& maps, Memory& memory) {
  const std::string_view path = interpreter.path;
  const NamedPython file = python_in_name(path.substr(path.rfind('/') + 1)).value_or(NamedPython{});
  const auto offsets = read_debug_offsets(interpreter, memory);
  interpreter.free_threaded = offsets ? offsets->free_threaded != 0 : file.free_threaded;
  interpreter.debug = file.debug || has_debug_symbols(interpreter.image);

  if (take_version_constant(interpreter, memory)) return;
  if (const auto version = offsets ? version_of_hex(offsets->version) : std::nullopt) {
    interpreter.version = *version;
    interpreter.version_source = "debug offsets";
    return;
  }
  take_version_of_names(interpreter, file, maps);
  if (!interpreter.version_source.empty()) return;
  if (const auto version = version_in_variables(interpreter, memory)) {
    interpreter.version = *version;
    interpreter.version_source = "Py_GetVersion's text";
  }
}

}  // namespace heapglass
