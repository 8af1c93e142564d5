#include "inspector/python/key_names.h"

#include "inspector/graph/edge.h"
#include "inspector/graph/literal.h"
#include "inspector/python/contents.h"
#include "inspector/python/text.h"

namespace heapglass {

namespace {

// A million names are some 50 MB. str objects that overlap would make more text than the heap has
// bytes.
constexpr std::size_t kMostBytes = std::size_t{256} << 20;
constexpr std::size_t kMostCharacters = 1000;  // of one name

}  // namespace

KeyNames::KeyNames(HeapGraph& graph, const Decoders& decoders)
    : graph_(graph), decoders_(decoders) {
  for (std::size_t i = 0; i < graph.names.size(); ++i) {
    index_.try_emplace(graph.names[i], static_cast<std::uint32_t>(i));
  }
}

std::optional<std::uint32_t> KeyNames::find(std::string_view text) const {
  const auto at = index_.find(std::string(text));
  return at == index_.end() ? std::nullopt : std::optional(at->second);
}

std::optional<std::uint32_t> KeyNames::intern(std::string text) {
  if (const auto known = find(text)) return known;
  bytes_ += text.size() + sizeof(std::string);
  if (bytes_ > kMostBytes || graph_.names.size() >= kEdgeIndexMax) return std::nullopt;
  const auto index = static_cast<std::uint32_t>(graph_.names.size());
  graph_.names.push_back(text);
  index_.emplace(std::move(text), index);
  return index;
}

std::optional<std::uint32_t> KeyNames::label(Address key, NameStyle style) {
  const auto [at, fresh] = known_[static_cast<std::size_t>(style)].try_emplace(key);
  if (fresh) at->second = read(key, style);
  return at->second;
}

std::optional<std::uint32_t> KeyNames::read(Address key, NameStyle style) {
  const Layout& layout = decoders_.layout;
  const auto object = open_object(key, decoders_);
  if (!object || object->type->shape != Shape::str) return std::nullopt;
  if (style == NameStyle::contents) {
    const auto text = str_contents(key, layout, decoders_.mirror);
    return text ? intern("[" + *text + "]") : std::nullopt;
  }
  const auto name = read_text(key, layout, decoders_.mirror, kMostCharacters);
  if (!name) return std::nullopt;
  return intern(style == NameStyle::attribute   ? attribute_label(*name)
                : style == NameStyle::subscript ? subscript_label(*name)
                                                : "local " + *name);
}

}  // namespace heapglass
