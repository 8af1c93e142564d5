// Keys of namespaces as labels in a graph's table of names: each text is read and kept once,
// however many dicts have it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "inspector/graph/heap_graph.h"
#include "inspector/python/decoders.h"

namespace heapglass {

enum class NameStyle : std::uint8_t {
  attribute,  // .name
  subscript,  // ['name']
  local,      // local name
  contents,   // ['text'], cut short
  count
};

class KeyNames {
 public:
  // Both outlive it.
  KeyNames(HeapGraph& graph, const Decoders& decoders);

  // The name's index in HeapGraph::names. nullopt: the object at `key` is no str that can be read,
  // or the names of this heap have become more than we keep.
  std::optional<std::uint32_t> label(Address key, NameStyle style);
  std::optional<std::uint32_t> intern(std::string text);
  std::optional<std::uint32_t> find(std::string_view text) const;

 private:
  std::optional<std::uint32_t> read(Address key, NameStyle style);

  HeapGraph& graph_;
  const Decoders& decoders_;
  std::size_t bytes_ = 0;  // of all names
  std::unordered_map<std::string, std::uint32_t> index_;
  std::array<std::unordered_map<Address, std::optional<std::uint32_t>>,
             static_cast<std::size_t>(NameStyle::count)>
      known_;
};

}  // namespace heapglass
