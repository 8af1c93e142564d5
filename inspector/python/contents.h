// What objects contain, as Python code cut short: shown only where it was asked for (--values).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inspector/graph/heap_graph.h"
#include "inspector/target/mirror.h"
#include "symbols/layout.h"

namespace heapglass {

inline constexpr std::size_t kMostContents = 60;  // characters, bytes or digits that are shown

// 'text' of the str at `address`; 'the beginning of a longer one'… . nullopt: unreadable.
std::optional<std::string> str_contents(Address address, const Layout& layout, Mirror& mirror);

// The copy that a graph was made of, kept to be asked for the contents of its objects.
class Contents {
 public:
  // `source`: what the mirror reads the target's files through.
  Contents(const HeapGraph& graph, const Layout& layout, Mirror mirror,
           std::unique_ptr<Memory> source);

  // Of a str, bytes, int, float, bool or None of `graph`, the one that it was made with; nullopt of
  // anything else.
  std::optional<std::string> of(ObjectId object, const HeapGraph& graph);

 private:
  enum class Kind : std::uint8_t { other, none, boolean, integer, real, bytes, text };
  static Kind kind_of(const TypeRecord& type);

  std::optional<std::string> integer(Address address);
  std::optional<std::string> real(Address address);
  std::optional<std::string> bytes(Address address);

  Layout layout_;
  std::unique_ptr<Memory> source_;
  Mirror mirror_;
  std::vector<Kind> kinds_;  // by TypeId
};

}  // namespace heapglass
