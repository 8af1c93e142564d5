#include "cli/render/retained.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/render/table.h"

namespace heapglass {
namespace {

using Align = Column::Align;
using Fit = Column::Fit;

std::uint64_t all_bytes(const Dominators& tree) { return tree.bytes[tree.root()]; }

std::string share(const Dominators& tree, std::uint64_t bytes) {
  return percent(bytes, all_bytes(tree));
}

std::string owner_or_shared(const RetainedRow& row) {
  return row.name.empty() ? "(held by several)" : row.name;
}

// "app.cache, app.index and app.names"
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  return text;
}

std::string holder_text(const RetainedView& view, std::uint32_t node) {
  return node_text(view.graph, view.paths, view.tree, node);
}

}  // namespace

std::string heaviest_table(const RetainedView& view, const std::vector<ObjectId>& objects) {
  Table table;
  table.columns = {
      {"RETAINED", Align::right, Fit::whole}, {"SHARE", Align::right, Fit::whole},
      {"OBJECTS", Align::right, Fit::whole},  {"TYPE", Align::left, Fit::whole},
      {"ADDRESS", Align::left, Fit::whole},   {"HELD BY", Align::left, Fit::cut_middle}};
  for (const ObjectId object : objects) {
    const std::uint64_t bytes = view.tree.bytes[index(object)];
    table.rows.push_back(
        {human_bytes(bytes), share(view.tree, bytes), thousands(view.tree.nodes[index(object)]),
         type_name(view.graph, object), address_text(view.graph.address[index(object)]),
         for_terminal(held_by(view.graph, view.paths, object, view.key_text), view.terminal)});
  }
  return render_table(table, view.terminal);
}

std::string heaviest_csv(const RetainedView& view, const std::vector<ObjectId>& objects) {
  std::string text =
      csv_line({"address", "type", "bytes", "retained_bytes", "retained_objects", "path"});
  for (const ObjectId object : objects) {
    const std::size_t i = index(object);
    text += csv_line({address_text(view.graph.address[i]), type_name(view.graph, object),
                      std::to_string(view.graph.bytes[i]), std::to_string(view.tree.bytes[i]),
                      std::to_string(view.tree.nodes[i]),
                      held_by(view.graph, view.paths, object, view.key_text)});
  }
  return text;
}

void put_heaviest(Json& document, const RetainedView& view, const std::vector<ObjectId>& objects) {
  Json rows = Json::array();
  for (const ObjectId object : objects) {
    const std::size_t i = index(object);
    Json row = object_json(view.graph, object);
    row["bytes"] = view.graph.bytes[i];
    row["retained_bytes"] = view.tree.bytes[i];
    row["retained_objects"] = view.tree.nodes[i];
    row["path"] = held_by(view.graph, view.paths, object, view.key_text);
    rows.push_back(std::move(row));
  }
  document["objects"] = std::move(rows);
  if (objects.size() < view.graph.size()) {
    document["objects_left_out"] = view.graph.size() - objects.size();
  }
}

std::string shared_text(const RetainedView& view, const std::vector<SharedGroup>& groups,
                        std::size_t top) {
  std::string text;
  for (std::size_t i = 0; i < std::min(top, groups.size()); ++i) {
    const SharedGroup& group = groups[i];
    std::vector<std::string> names;
    std::vector<std::string> alone;
    for (const std::uint32_t holder : group.holders) {
      names.push_back(escape_terminal(for_terminal(holder_text(view, holder), view.terminal)));
      alone.push_back(human_bytes(view.tree.bytes[holder]));
    }
    text += "  " + human_bytes(group.bytes) + " in " + count_of(group.objects, "object") + " (" +
            thousands(group.examples) + " " +
            escape_terminal(type_name(view.graph, group.example)) +
            (group.examples == 1 ? " with what it holds)" : " with what they hold)") + " by " +
            listed(names) + "; alone they retain " + listed(alone) + '\n';
  }
  return text.empty() ? text
                      : "Held together, so that none of the holders retains it alone:\n" + text;
}

void put_shared(Json& document, const RetainedView& view, const std::vector<SharedGroup>& groups,
                std::size_t top) {
  Json list = Json::array();
  for (std::size_t i = 0; i < std::min(top, groups.size()); ++i) {
    const SharedGroup& group = groups[i];
    Json holders = Json::array();
    for (const std::uint32_t holder : group.holders) {
      Json one =
          view.tree.is_object(holder) ? object_json(view.graph, ObjectId{holder}) : Json::object();
      one["retained_bytes"] = view.tree.bytes[holder];
      one["path"] = holder_text(view, holder);
      holders.push_back(std::move(one));
    }
    list.push_back({{"holders", std::move(holders)},
                    {"objects", group.objects},
                    {"bytes", group.bytes},
                    {"type", type_name(view.graph, group.example)},
                    {"count", group.examples}});
  }
  document["shared"] = std::move(list);
}

std::string rows_table(const RetainedView& view, const std::vector<RetainedRow>& rows,
                       std::string_view by, std::size_t top) {
  const bool types = by == "type";
  Table table;
  table.columns = {{"RETAINED", Align::right, Fit::whole},
                   {"SHARE", Align::right, Fit::whole},
                   {"OBJECTS", Align::right, Fit::whole}};
  if (types) {
    table.columns.push_back({"COUNT", Align::right, Fit::whole});
    table.columns.push_back({"FOOTPRINT", Align::right, Fit::whole});
  }
  table.columns.push_back({types            ? "TYPE"
                           : by == "module" ? "MODULE"
                                            : "THREAD",
                           Align::left, Fit::cut_middle});
  const auto add = [&](const RetainedRow& row) {
    std::vector<std::string> cells{human_bytes(row.retained_bytes),
                                   share(view.tree, row.retained_bytes),
                                   thousands(row.retained_objects)};
    if (types) {
      cells.push_back(thousands(row.count));
      cells.push_back(human_bytes(row.bytes));
    }
    cells.push_back(owner_or_shared(row));
    table.rows.push_back(std::move(cells));
  };
  const std::size_t listed_rows = rows.size() - (types ? 0 : 1);  // the last is of several owners
  for (std::size_t i = 0; i < std::min(top, listed_rows); ++i) add(rows[i]);
  if (!types) add(rows.back());
  std::string text = render_table(table, view.terminal);
  if (listed_rows > top) text += "and " + count_of(listed_rows - top, "more row") + '\n';
  return text;
}

std::string rows_csv(const std::vector<RetainedRow>& rows, std::string_view by, std::size_t top) {
  std::string text =
      csv_line({std::string(by), "count", "bytes", "retained_bytes", "retained_objects"});
  for (std::size_t i = 0; i < std::min(top, rows.size()); ++i) {
    const RetainedRow& row = rows[i];
    text += csv_line({owner_or_shared(row), std::to_string(row.count), std::to_string(row.bytes),
                      std::to_string(row.retained_bytes), std::to_string(row.retained_objects)});
  }
  return text;
}

void put_rows(Json& document, const std::vector<RetainedRow>& rows, std::string_view by,
              std::size_t top) {
  const bool types = by == "type";
  const std::string key(by);
  Json list = Json::array();
  std::size_t left_out = 0;
  for (const RetainedRow& row : rows) {
    if (row.name.empty() && !types) {
      document["held_by_several"] = {{"retained_bytes", row.retained_bytes},
                                     {"retained_objects", row.retained_objects}};
      continue;
    }
    if (list.size() >= top) {
      ++left_out;
      continue;
    }
    Json one{{key, row.name}};
    if (types) {
      one["count"] = row.count;
      one["bytes"] = row.bytes;
    }
    one["retained_bytes"] = row.retained_bytes;
    one["retained_objects"] = row.retained_objects;
    list.push_back(std::move(one));
  }
  document[key + "s"] = std::move(list);
  if (left_out != 0) document[key + "s_left_out"] = left_out;
}

namespace {

constexpr std::size_t kDeepest = 16;  // levels of the tree that are told

struct Branch {
  std::vector<std::uint32_t> shown;  // heaviest first
  std::vector<std::uint32_t> left;
};

struct Rest {
  std::uint64_t bytes = 0;
  std::string text;  // "25,000 app.Session and 300 others"
};

// What is not told one by one: most of it by type.
Rest rest_of(const RetainedView& view, const std::vector<std::uint32_t>& nodes) {
  Rest rest;
  std::unordered_map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> types;  // bytes, count
  for (const std::uint32_t node : nodes) {
    rest.bytes += view.tree.bytes[node];
    if (!view.tree.is_object(node)) continue;
    auto& [bytes, count] = types[static_cast<std::uint32_t>(view.graph.type[node])];
    bytes += view.tree.bytes[node];
    ++count;
  }
  const auto most = std::max_element(types.begin(), types.end(), [](const auto& a, const auto& b) {
    return a.second.first < b.second.first;
  });
  if (most == types.end()) return rest;
  rest.text = thousands(most->second.second) + ' ' + view.graph.types[most->first].name;
  const std::uint64_t others = nodes.size() - most->second.second;
  if (others != 0)
    rest.text += " (" + human_bytes(most->second.first) + ") and " + thousands(others) + " others";
  return rest;
}

Branch branch(const Dominators& tree, std::uint32_t node, std::uint64_t least, std::size_t top) {
  Branch result;
  tree.for_each_child(node, [&](std::uint32_t child) {
    if (tree.bytes[child] >= least) {
      result.shown.push_back(child);
    } else {
      result.left.push_back(child);
    }
  });
  std::sort(result.shown.begin(), result.shown.end(), [&](std::uint32_t a, std::uint32_t b) {
    return tree.bytes[a] != tree.bytes[b] ? tree.bytes[a] > tree.bytes[b] : a < b;
  });
  while (result.shown.size() > top) {
    result.left.push_back(result.shown.back());
    result.shown.pop_back();
  }
  return result;
}

// By which reference its dominator holds it; empty: by several ways.
std::string held_under(const RetainedView& view, std::uint32_t above, std::uint32_t child) {
  const HeapGraph& graph = view.graph;
  if (!view.tree.is_object(above)) return {};
  for (std::uint64_t r = graph.reference_begin[above]; r < graph.reference_begin[above + 1]; ++r) {
    if (index(graph.reference_to[r]) == child) {
      return label_text(graph, ObjectId{above}, r, view.key_text);
    }
  }
  return {};
}

void append_tree(std::string& text, const RetainedView& view, std::uint32_t node,
                 std::uint64_t least, std::size_t top, std::size_t depth) {
  const Dominators& tree = view.tree;
  const Branch below = branch(tree, node, least, top);
  const std::string indent(2 * depth, ' ');
  for (const std::uint32_t child : below.shown) {
    std::string what;
    if (!tree.is_object(child)) {
      what = tree.roots.owners[child - tree.objects].name;
    } else {
      const std::string under = held_under(view, node, child);
      const std::string held =
          under.empty() ? held_by(view.graph, view.paths, ObjectId{child}, view.key_text) : under;
      what = held + "  " + type_name(view.graph, ObjectId{child});
    }
    text += indent + human_bytes(tree.bytes[child]) + " " + share(tree, tree.bytes[child]) + "  " +
            escape_terminal(for_terminal(what, view.terminal)) + '\n';
    if (depth < kDeepest) append_tree(text, view, child, least, top, depth + 1);
  }
  const Rest rest = rest_of(view, below.left);
  if (rest.bytes >= least && !rest.text.empty()) {
    text += indent + human_bytes(rest.bytes) + " " + share(tree, rest.bytes) + "  " +
            escape_terminal(rest.text) + '\n';
  }
}

Json tree_json(const RetainedView& view, std::uint32_t node, std::uint64_t least, std::size_t top,
               std::size_t depth) {
  const Dominators& tree = view.tree;
  Json list = Json::array();
  for (const std::uint32_t child : branch(tree, node, least, top).shown) {
    Json one;
    if (tree.is_object(child)) {
      one = object_json(view.graph, ObjectId{child});
      const std::string under = held_under(view, node, child);
      if (!under.empty()) one["edge"] = under;
      if (under.empty()) {
        one["path"] = held_by(view.graph, view.paths, ObjectId{child}, view.key_text);
      }
    } else {
      const Owner& owner = tree.roots.owners[child - tree.objects];
      one["owner"] = {{"kind", owner_kind_name(owner.kind)}, {"name", owner.name}};
    }
    one["retained_bytes"] = tree.bytes[child];
    one["retained_objects"] = tree.retained_objects(child);
    one["children"] =
        depth < kDeepest ? tree_json(view, child, least, top, depth + 1) : Json::array();
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace

std::string tree_text(const RetainedView& view, std::uint64_t least, std::size_t top) {
  std::string text = human_bytes(all_bytes(view.tree)) + " in " +
                     count_of(view.tree.objects, "object") + "; branches of " + human_bytes(least) +
                     " and more\n";
  append_tree(text, view, view.tree.root(), least, top, 1);
  return text;
}

void put_tree(Json& document, const RetainedView& view, std::uint64_t least, std::size_t top) {
  document["tree"] = tree_json(view, view.tree.root(), least, top, 1);
}

}  // namespace heapglass
