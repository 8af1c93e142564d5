// One object, as text and JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/render/objects.h"
#include "cli/render/referrers.h"

namespace heapglass {

struct ShownReference {
  std::string edge;
  ObjectId to{};
};

struct Shown {
  ObjectId object{};
  std::size_t of = 1;  // objects that were asked for: it retains most of them
  std::optional<std::string> value;
  std::string path;
  std::uint64_t explained = 0;             // of its count: references and roots that were found
  std::vector<ShownReference> references;  // an instance's dict's in the place of the dict
  ReferrerRows referrers;
};

Shown show(const HeapGraph& graph, const Dominators& tree, const ShortestPaths& paths,
           ObjectId object, const KeyText& key_text);

std::string shown_text(const HeapGraph& graph, const Dominators& tree, const Shown& shown,
                       std::size_t top, const Terminal& terminal);
void put_shown(Json& document, const HeapGraph& graph, const Dominators& tree, const Shown& shown,
               std::size_t top);

}  // namespace heapglass
