// Referrers by kind as table, JSON, CSV and DOT.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/render/objects.h"
#include "inspector/analysis/referrers.h"

namespace heapglass {

struct ReferrerRow {
  std::string type;  // of those that refer; empty: a root
  std::string edge;
  std::uint64_t references = 0, objects = 0;
  ObjectId example{};  // of an object's row
  std::string path;    // how the example is held; of a root its text
  RootEdge root;
};

using ReferrerRows = std::vector<ReferrerRow>;

// Objects that refer, then roots, but for interned strings and static types, which say nothing.
ReferrerRows referrer_rows(const HeapGraph& graph, const ShortestPaths& paths,
                           const Referrers& found, const KeyText& key_text);

std::string referrers_table(const HeapGraph& graph, const ReferrerRows& rows, std::size_t objects,
                            std::size_t top, const Terminal& terminal);
std::string referrers_csv(const HeapGraph& graph, const ReferrerRows& rows, std::size_t top);
void put_referrers(Json& document, const HeapGraph& graph, const ReferrerRows& rows,
                   std::size_t objects, std::size_t top);
std::string referrers_dot(const HeapGraph& graph, const ReferrerRows& rows,
                          const std::vector<ObjectId>& objects, std::size_t top);

}  // namespace heapglass
