// HeapGraph::texts: str objects that are names by where they stand. A str's text is contents, and
// stays where it is, unless it is what code calls a function, a file, a context variable or a task.
// And the keys under which a threading.local keeps the values of a thread
// (Modules/_threadmodule.c), which are called by that thread: up to 3.12 weak references to dummies
// that stand in the thread's dict, from 3.13 on an object of the thread's own.
#include <algorithm>
#include <array>
#include <utility>

#include "inspector/graph/root_name.h"
#include "inspector/python/bytes.h"
#include "inspector/python/integer.h"
#include "inspector/python/name_references.h"
#include "inspector/python/short_path.h"
#include "inspector/python/text.h"

namespace heapglass {

namespace {

constexpr std::size_t kLongestName = 200;  // code points
constexpr std::size_t kLongestPath = 1024;

enum class Style : std::uint8_t { plain, path, task };
struct NamedBy {
  std::optional<std::uint32_t> label;
  Style style = Style::plain;
};

using Texts = std::vector<std::pair<ObjectId, std::uint32_t>>;

class Reader {
 public:
  explicit Reader(Naming& naming)
      : naming_(naming),
        code_{NamedBy{find(".co_qualname")}, NamedBy{find(".co_name")},
              NamedBy{find(".co_filename"), Style::path}},
        generator_{NamedBy{find(".__qualname__")}},
        variable_{NamedBy{find(".name")}},
        task_{NamedBy{find("<name>"), Style::task}} {}

  void read(ObjectId object) {
    const TypeInfo& type = naming_.type(object);
    switch (type.shape) {
      case Shape::code:
        return read(object, code_);
      case Shape::generator:
      case Shape::coroutine:
      case Shape::async_generator:
        return read(object, generator_);
      case Shape::fixed:
        break;
      default:
        return;
    }
    if (type.name == "_contextvars.ContextVar" || type.name == "ContextVar") {
      return read(object, variable_);
    }
    const TypeInfo& made_in_c = type.traverses != nullptr ? *type.traverses : type;
    if (made_in_c.name == "_asyncio.Task") read(object, task_);
  }

  // `root`: of a thread's state.
  void read(const Root& root) {
    const HeapGraph& graph = naming_.graph;
    if (root.kind != RootKind::thread || root.name >= graph.root_names.size()) return;
    const RootName name = parse_root_name(root.kind, graph.root_names[root.name]);
    if (name.part == "key of thread-locals") return add(root.to, name.holder);
    if (name.part != "thread-locals") return;
    for (std::uint64_t r = naming_.begin(root.to); r < naming_.end(root.to); ++r) {
      const ObjectId dummy = graph.reference_to[r];
      const TypeInfo& type = naming_.type(dummy);
      if (type.name != "_thread._localdummy" || type.weaklist_offset <= 0) continue;
      const Address at = graph.address[index(dummy)] + static_cast<Address>(type.weaklist_offset);
      const std::byte* pointer = naming_.decoders.mirror.at(at, sizeof(Address));
      const auto key = pointer == nullptr ? std::nullopt : graph.find(load_pointer(pointer));
      if (key) add(*key, name.holder);
    }
  }

  Texts take() && { return std::move(texts_); }

 private:
  std::optional<std::uint32_t> find(std::string_view label) const {
    return naming_.names.find(label);
  }

  template <std::size_t n>
  void read(ObjectId object, const std::array<NamedBy, n>& by) {
    for (std::uint64_t r = naming_.begin(object); r < naming_.end(object); ++r) {
      if (naming_.label(r) != LabelKind::field) continue;
      for (const NamedBy& one : by) {
        if (one.label == edge_index(naming_.graph.edge[r])) {
          add(object, naming_.graph.reference_to[r], one.style);
        }
      }
    }
  }

  void add(ObjectId object, std::string_view text) {
    const auto number = naming_.names.intern(std::string(text));
    if (number) texts_.emplace_back(object, *number);
  }

  void add(ObjectId named, ObjectId name, Style style) {
    const Decoders& decoders = naming_.decoders;
    const Address address = naming_.graph.address[index(name)];
    std::optional<std::string> text;
    if (naming_.type(name).shape == Shape::str) {
      text = read_text(address, decoders.layout, decoders.mirror,
                       style == Style::path ? kLongestPath : kLongestName);
      if (text && style == Style::path) text = short_path(*std::move(text));
    } else if (style == Style::task && naming_.type(name).name == "int") {
      // Made into a text when somebody asks for it (3.12+).
      const auto number = read_number(address, decoders.layout, decoders.mirror);
      if (number) text = "Task-" + std::to_string(*number);
      name = named;
    }
    if (text) add(name, *text);
  }

  Naming& naming_;
  std::array<NamedBy, 3> code_;
  std::array<NamedBy, 1> generator_, variable_, task_;
  Texts texts_;
};

}  // namespace

void name_texts(Naming& naming) {
  Reader reader(naming);
  for (std::uint32_t i = 0; i < naming.graph.size(); ++i) reader.read(ObjectId{i});
  for (const Root& root : naming.graph.roots) reader.read(root);
  Texts texts = std::move(reader).take();
  std::sort(texts.begin(), texts.end());
  for (const auto& [object, name] : texts) {
    SparseColumn<std::uint32_t>& column = naming.graph.texts;
    if (column.objects.empty() || column.objects.back() != object) column.add(object, name);
  }
}

}  // namespace heapglass
