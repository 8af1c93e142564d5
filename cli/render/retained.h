// What is kept alive by what: tables, a tree, JSON and CSV.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/render/json_stream.h"
#include "cli/render/objects.h"
#include "inspector/analysis/retained.h"
#include "inspector/analysis/shared_owners.h"

namespace heapglass {

// What the renderings below have in common.
struct RetainedView {
  const HeapGraph& graph;
  const Dominators& tree;
  const ShortestPaths& paths;
  const KeyText& key_text;
  const Terminal& terminal;
};

std::string heaviest_table(const RetainedView& view, const std::vector<ObjectId>& objects);
// As CSV, and as "objects" with "objects_left_out": how many others there are. There may be as many
// as in the heap; the first thousand have their paths.
using Write = JsonStream::Write;
void write_heaviest_csv(const Write& write, const RetainedView& view,
                        const std::vector<ObjectId>& objects);
void write_heaviest(JsonStream& document, const RetainedView& view,
                    const std::vector<ObjectId>& objects);

// "2 hold together …": at most `top` lines; nothing where there are none.
std::string shared_text(const RetainedView& view, const std::vector<SharedGroup>& groups,
                        std::size_t top);
void put_shared(Json& document, const RetainedView& view, const std::vector<SharedGroup>& groups,
                std::size_t top);

// `by`: "type", "module", "thread" or "task".
std::string rows_table(const RetainedView& view, const std::vector<RetainedRow>& rows,
                       std::string_view by, std::size_t top);
std::string rows_csv(const std::vector<RetainedRow>& rows, std::string_view by, std::size_t top);
void put_rows(Json& document, const std::vector<RetainedRow>& rows, std::string_view by,
              std::size_t top);

// The dominator tree down to nodes that retain `least` bytes: the `top` heaviest below each.
std::string tree_text(const RetainedView& view, std::uint64_t least, std::size_t top);
void put_tree(Json& document, const RetainedView& view, std::uint64_t least, std::size_t top);

}  // namespace heapglass
