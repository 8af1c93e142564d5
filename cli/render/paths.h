// Paths as table, JSON, CSV and DOT.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/render/objects.h"

namespace heapglass {

struct PathRow {
  Path path;  // of an example, where count is above one
  std::uint64_t count = 1;
  std::uint64_t footprint = 0;
  std::string text;
};

struct PathRows {
  std::string title;  // what was asked for: "2,000 objects of shop.Order"
  std::vector<PathRow> rows;
  std::uint64_t objects = 0;  // asked for
  std::uint64_t without = 0;  // to which no path leads
};

std::string paths_table(const PathRows& paths, std::size_t top, const Terminal& terminal);
std::string paths_csv(const PathRows& paths, std::size_t top);
void put_paths(Json& document, const HeapGraph& graph, const PathRows& paths, std::size_t top,
               const KeyText& key_text);
// At most `top` paths as one graph, in which paths meet.
std::string paths_dot(const HeapGraph& graph, const PathRows& paths, std::size_t top,
                      const KeyText& key_text);

// A string of DOT, quoted.
std::string dot_string(const std::string& text);

}  // namespace heapglass
