// The layouts that are compiled in, and the parser of their files.
#include "symbols/layout.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "symbols/failure.h"
#include "symbols/layouts/embedded.h"

namespace heapglass {
namespace {

using FactIndex = std::vector<std::pair<std::string_view, Fact>>;

FactIndex facts_by_name() {
  FactIndex index;
  std::uint16_t number = 0;
  for (std::string_view name : embedded_fact_names()) index.emplace_back(name, Fact{number++});
  std::sort(index.begin(), index.end());
  return index;
}

std::optional<Fact> find_fact(const FactIndex& index, std::string_view name) {
  const auto at = std::lower_bound(index.begin(), index.end(), name,
                                   [](const auto& entry, auto key) { return entry.first < key; });
  if (at == index.end() || at->first != name) return std::nullopt;
  return at->second;
}

template <class T>
struct Word {
  std::string_view text;
  T value;
};

constexpr Word<ManagedDict> kManagedDict[] = {{"none", ManagedDict::none},
                                              {"pair", ManagedDict::pair},
                                              {"tagged", ManagedDict::tagged},
                                              {"inline_values", ManagedDict::inline_values}};
constexpr Word<Refcount> kRefcount[] = {{"signed64", Refcount::signed64},
                                        {"low32", Refcount::low32},
                                        {"overflow", Refcount::overflow},
                                        {"split", Refcount::split}};
constexpr Word<StaticTypes> kStaticTypes[] = {{"own", StaticTypes::own},
                                              {"per_interpreter", StaticTypes::per_interpreter}};
constexpr Word<GcHead> kGcHead[] = {
    {"counted", GcHead::counted}, {"linked", GcHead::linked}, {"in_object", GcHead::in_object}};
constexpr Word<HeaderSize> kHeaderSize[] = {{"by_object", HeaderSize::by_object},
                                            {"by_type", HeaderSize::by_type}};
constexpr Word<IntSize> kIntSize[] = {{"digits", IntSize::digits},
                                      {"at_least_one", IntSize::at_least_one}};
constexpr Word<LineTable> kLineTable[] = {{"lnotab", LineTable::lnotab},
                                          {"ranges", LineTable::ranges},
                                          {"locations", LineTable::locations}};
constexpr Word<StackRefs> kStackRefs[] = {{"pointer", StackRefs::pointer},
                                          {"tagged", StackRefs::tagged}};
constexpr Word<SubtypeTraverse> kSubtypeTraverse[] = {
    {"shows_type", SubtypeTraverse::shows_type},
    {"leaves_it_to_heap_base", SubtypeTraverse::leaves_it_to_heap_base}};

template <class T, std::size_t N>
bool read_word(const Word<T> (&words)[N], std::string_view text, T& into) {
  for (const Word<T>& word : words) {
    if (word.text != text) continue;
    into = word.value;
    return true;
  }
  return false;
}

struct Dialect {
  std::string_view name;
  bool (*read)(Dialects&, std::string_view word);
};

// In the order in which a file has them.
constexpr Dialect kDialects[] = {
    {"dialect.gc_head",
     [](Dialects& d, std::string_view word) { return read_word(kGcHead, word, d.gc_head); }},
    {"dialect.header_size",
     [](Dialects& d, std::string_view word) {
       return read_word(kHeaderSize, word, d.header_size);
     }},
    {"dialect.int_size",
     [](Dialects& d, std::string_view word) { return read_word(kIntSize, word, d.int_size); }},
    {"dialect.line_table",
     [](Dialects& d, std::string_view word) { return read_word(kLineTable, word, d.line_table); }},
    {"dialect.managed_dict",
     [](Dialects& d, std::string_view word) {
       return read_word(kManagedDict, word, d.managed_dict);
     }},
    {"dialect.refcount",
     [](Dialects& d, std::string_view word) { return read_word(kRefcount, word, d.refcount); }},
    {"dialect.stack_refs",
     [](Dialects& d, std::string_view word) { return read_word(kStackRefs, word, d.stack_refs); }},
    {"dialect.static_types",
     [](Dialects& d, std::string_view word) {
       return read_word(kStaticTypes, word, d.static_types);
     }},
    {"dialect.subtype_traverse",
     [](Dialects& d, std::string_view word) {
       return read_word(kSubtypeTraverse, word, d.subtype_traverse);
     }},
};

// Before the name of a type, in a line whose value is 1: see Layout::hiding_types.
constexpr std::string_view kHidesType = "hides_type.";

// Plain decimal without sign or leading zero, so that a value has one spelling.
std::optional<std::int32_t> read_number(std::string_view text) {
  std::int32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end || value < 0) return std::nullopt;
  if (text.front() == '-' || (text.front() == '0' && text.size() > 1)) return std::nullopt;
  return value;
}

// ("PicklerObject.write", 1) of "PicklerObject.write@01": two digits, so that the lines of a fact
// stand in the order of their versions. Without them 0; anything else is left in the name.
std::pair<std::string_view, int> split_since(std::string_view key) {
  constexpr std::size_t kSuffix = 3;
  if (key.size() <= kSuffix || key[key.size() - kSuffix] != '@') return {key, 0};
  const auto digit = [&](std::size_t from_end) { return key[key.size() - from_end] - '0'; };
  if (digit(2) < 0 || digit(2) > 9 || digit(1) < 0 || digit(1) > 9) return {key, 0};
  return {key.substr(0, key.size() - kSuffix), digit(2) * 10 + digit(1)};
}

constexpr std::string_view kModuleState = "module_state.";

// "48 0 8 -16 type"
std::optional<ModuleState> read_module_state(std::string_view text) {
  ModuleState state;
  bool first = true;
  constexpr std::string_view kType = " type";
  if (text.ends_with(kType)) {
    state.shows_type = true;
    text.remove_suffix(kType.size());
  }
  while (!text.empty()) {
    const bool borrowed = !first && text.front() == '-';
    if (borrowed) text.remove_prefix(1);
    const std::size_t blank = std::min(text.find(' '), text.size());
    const auto number = read_number(text.substr(0, blank));
    if (!number || (!first && *number >= state.size)) return std::nullopt;
    if (first) {
      state.size = *number;
    } else {
      (borrowed ? state.borrowed : state.shown).push_back(*number);
    }
    first = false;
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return state;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::string result = "'";
  for (char c : text.substr(0, kLongest)) result += c >= ' ' && c < '\x7f' ? c : '?';
  return result += text.size() > kLongest ? "...'" : "'";
}

// One `key<TAB>value` after the other.
class Lines {
 public:
  Lines(std::string_view layout, std::string_view text) : layout_(layout), rest_(text) {}

  bool done() const { return rest_.empty(); }

  void next() {
    ++number_;
    if (done()) refuse("the file ends too early");
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) refuse("the line is not ended by a newline");
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    const std::size_t tab = line.find('\t');
    if (tab == 0 || tab == std::string_view::npos || tab + 1 == line.size())
      refuse("not `fact<TAB>value`: " + quoted(line));
    key = line.substr(0, tab);
    value = line.substr(tab + 1);
  }

  void next(std::string_view wanted) {
    next();
    if (key != wanted) refuse("expected " + quoted(wanted) + ", found " + quoted(key));
  }

  [[noreturn]] void refuse(const std::string& why) const {
    throw Failure(Exit::not_cpython, "symbols/layouts/" + std::string(layout_) + ".tsv, line " +
                                         std::to_string(number_) + ": " + why);
  }

  std::string_view key;
  std::string_view value;

 private:
  std::string_view layout_;
  std::string_view rest_;
  std::size_t number_ = 0;
};

}  // namespace

std::string_view fact_name(Fact fact) {
  const auto names = embedded_fact_names();
  const auto at = static_cast<std::size_t>(fact);
  return at < names.size() ? names[at] : std::string_view{};
}

std::vector<std::string> layout_names() {
  std::vector<std::string> names;
  for (const EmbeddedLayout& layout : embedded_layouts()) names.emplace_back(layout.name);
  return names;
}

Layout load_layout(std::string_view name, int micro) {
  std::string known;
  for (const EmbeddedLayout& layout : embedded_layouts()) {
    if (layout.name == name) {
      std::string text;
      for (std::string_view part : layout.parts) text += part;
      return parse_layout(name, text, micro);
    }
    known += (known.empty() ? "" : ", ") + std::string(layout.name);
  }
  throw Failure(Exit::not_cpython, "no layout for CPython " + quoted(name) + "; there are " + known,
                "symbols/layouts/extract.py INTERPRETER");
}

Layout parse_layout(std::string_view name, std::string_view text, int micro) {
  Layout layout;
  layout.micro = micro;
  Lines lines(name, text);
  lines.next("name");
  if (lines.value != name) lines.refuse("this is the layout of " + quoted(lines.value));
  layout.name = lines.value;
  lines.next("origin");
  layout.origin = lines.value;
  lines.next("exact");
  layout.exact = lines.value == "yes";
  if (!layout.exact && lines.value != "no") lines.refuse("expected 'yes' or 'no'");
  for (const Dialect& dialect : kDialects) {
    lines.next(dialect.name);
    if (!dialect.read(layout.dialects, lines.value))
      lines.refuse(quoted(lines.value) + " is no word of " + quoted(lines.key));
  }

  const FactIndex index = facts_by_name();
  std::string_view previous;
  while (!lines.done()) {
    lines.next();
    if (lines.key <= previous) lines.refuse(quoted(lines.key) + " is out of order, or twice");
    previous = lines.key;
    if (lines.key.starts_with(kHidesType)) {
      if (lines.value != "1") lines.refuse("expected '1', found " + quoted(lines.value));
      layout.hiding_types.emplace_back(lines.key.substr(kHidesType.size()));
      continue;
    }
    if (lines.key.starts_with(kModuleState)) {
      const auto state = read_module_state(lines.value);
      if (!state) lines.refuse(quoted(lines.value) + " is not a size and the offsets in it");
      layout.module_states.emplace(lines.key.substr(kModuleState.size()), *state);
      continue;
    }
    const auto [fact_text, since] = split_since(lines.key);
    const std::optional<Fact> fact = find_fact(index, fact_text);
    if (!fact) lines.refuse(quoted(lines.key) + " is not in facts.txt");
    const std::optional<std::int32_t> value = read_number(lines.value);
    if (!value) lines.refuse(quoted(lines.value) + " is not an offset or a size");
    if (micro < 0 || micro >= since) layout.set(*fact, *value, FactSource::file);
  }
  return layout;
}

}  // namespace heapglass
