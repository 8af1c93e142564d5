#include "symbols/nameless.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <vector>

namespace heapglass {

namespace {

constexpr std::size_t kWord = sizeof(Address);

struct Variables {
  Address begin = 0;
  std::vector<std::byte> bytes;  // 0 where they cannot be read
};

// What the program writes to, page by page: a part of it may not be there yet.
std::vector<Variables> read_variables(const ElfImage& image, Address bias, Memory& memory) {
  constexpr std::size_t kPage = 4096;
  constexpr std::size_t kMost = std::size_t{64} << 20;
  std::vector<Variables> result;
  for (const ElfSegment& segment : image.segments) {
    if ((segment.flags & PF_W) == 0) continue;
    const std::size_t size = std::min<std::size_t>(segment.memory_size, kMost);
    Variables variables{bias + segment.vaddr, std::vector<std::byte>(size)};
    std::vector<ReadRequest> pages;
    for (std::size_t at = 0; at < size;) {
      const std::size_t step =
          std::min(kPage - static_cast<std::size_t>((variables.begin + at) % kPage), size - at);
      pages.push_back({variables.begin + at, variables.bytes.data() + at, step, false});
      at += step;
    }
    memory.read(pages);
    for (const ReadRequest& page : pages) {
      if (!page.ok) std::memset(page.into, 0, page.size);
    }
    result.push_back(std::move(variables));
  }
  return result;
}

// Under what the rest of heapglass asks for them.
std::string symbol_of_type(const std::string& name) {
  static constexpr std::pair<std::string_view, std::string_view> kSymbols[] = {
      {"type", "PyType_Type"},
      {"object", "PyBaseObject_Type"},
      {"list", "PyList_Type"},
      {"dict", "PyDict_Type"},
      {"set", "PySet_Type"},
      {"str", "PyUnicode_Type"},
      {"float", "PyFloat_Type"},
      {"function", "PyFunction_Type"},
      {"module", "PyModule_Type"},
      {"property", "PyProperty_Type"},
      {"bytearray", "PyByteArray_Type"},
      {"cell", "PyCell_Type"},
      {"traceback", "PyTraceBack_Type"}};
  for (const auto& [type, symbol] : kSymbols) {
    if (name == type) return std::string(symbol);
  }
  return name;
}

// "3.12.7rc2 (main, Oct  1 2024, 11:11:53"
std::optional<PythonVersion> version_of_text(std::string_view text) {
  const std::size_t blank = text.find(" (");
  if (blank == text.npos) return std::nullopt;
  const char* at = text.data();
  const char* const end = at + blank;
  std::array<int, 3> numbers{};
  for (int& number : numbers) {
    if (&number != numbers.data() && (at == end || *at++ != '.')) return std::nullopt;
    const auto [stopped, error] = std::from_chars(at, end, number);
    if (error != std::errc{} || number < 0 || number > 99) return std::nullopt;
    at = stopped;
  }
  if (numbers[0] < 2 || numbers[0] > 9) return std::nullopt;
  return PythonVersion{numbers[0], numbers[1], numbers[2], std::string(at, end)};
}

// Calls body(address) for each aligned word that holds `value(address)`.
template <class Value, class Body>
void for_each_word(const std::vector<Variables>& all, Value value, Body body) {
  for (const Variables& variables : all) {
    const std::size_t first = (kWord - variables.begin % kWord) % kWord;
    for (std::size_t at = first; at + kWord <= variables.bytes.size(); at += kWord) {
      Address word = 0;
      std::memcpy(&word, variables.bytes.data() + at, kWord);
      if (word != 0 && word == value(variables.begin + at)) body(variables.begin + at);
    }
  }
}

}  // namespace

AddressRange runtime_by_cookie(const ElfImage& image, Address bias, Memory& memory) {
  constexpr std::string_view kCookie = "xdebugpy";
  for (const Variables& variables : read_variables(image, bias, memory)) {
    const std::string_view text(reinterpret_cast<const char*>(variables.bytes.data()),
                                variables.bytes.size());
    const std::size_t at = text.find(kCookie);
    if (at == text.npos) continue;
    const Address begin = variables.begin + at;
    return {begin, begin + std::min<std::uint64_t>(text.size() - at, kMaxRuntime)};
  }
  return {};
}

std::optional<PythonVersion> version_in_variables(const Interpreter& interpreter, Memory& memory) {
  static constexpr std::string_view kInside = ") [";  // what every such text has
  for (const Variables& variables : read_variables(interpreter.image, interpreter.bias, memory)) {
    const std::string_view text(reinterpret_cast<const char*>(variables.bytes.data()),
                                variables.bytes.size());
    for (std::size_t at = text.find(kInside); at != text.npos; at = text.find(kInside, at + 1)) {
      constexpr std::size_t kLongest = 100;  // of version and build: "%.80s (%.80s) %.80s"
      const std::size_t begin = at - std::min(at, kLongest);
      std::string_view before = text.substr(begin, at - begin);
      if (const auto nul = before.rfind('\0'); nul != before.npos) before.remove_prefix(nul + 1);
      if (const auto version = version_of_text(before)) return version;
    }
  }
  return std::nullopt;
}

void name_static_types(Interpreter& interpreter, const Layout& layout, Memory& memory) {
  if (interpreter.image.symbol("PyType_Type")) return;
  const std::vector<Variables> all = read_variables(interpreter.image, interpreter.bias, memory);
  const auto ob_type = static_cast<Address>(layout[Fact::PyObject_ob_type]);
  const auto name_of = [&](Address type) {
    constexpr std::size_t kLongest = 100;
    const Address at = type + static_cast<Address>(layout[Fact::PyTypeObject_tp_name]);
    return memory.c_string(memory.value<Address>(at).value_or(0), kLongest).value_or("");
  };
  Address type_type = 0;
  for_each_word(
      all, [&](Address at) { return at - ob_type; },
      [&](Address at) {
        if (name_of(at - ob_type) == "type") type_type = at - ob_type;
      });
  if (type_type == 0) return;
  const auto size = static_cast<std::uint64_t>(layout[Fact::sizeof_PyTypeObject]);
  for_each_word(
      all, [&](Address) { return type_type; },
      [&](Address at) {
        const std::string name = name_of(at - ob_type);
        // A pointer to `type` is in other places too.
        const bool plausible = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
          return c > ' ' && c < '\x7f';
        });
        if (!plausible) return;
        interpreter.image.symbols.try_emplace(symbol_of_type(name),
                                              ElfSymbol{at - ob_type - interpreter.bias, size});
      });
}

}  // namespace heapglass
