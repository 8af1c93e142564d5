#include "cli/render/retained.h"

#include <algorithm>
#include <utility>

#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/render/table.h"

namespace heapglass {
namespace {

// Of a heap that is one long chain each path is as long as the heap.
constexpr std::size_t kMostPaths = 1000;

using Align = Column::Align;
using Fit = Column::Fit;

std::uint64_t all_bytes(const Dominators& tree) { return tree.bytes[tree.root()]; }

std::string share(const Dominators& tree, std::uint64_t bytes) {
  return percent(bytes, all_bytes(tree));
}

std::string owner_or_shared(const RetainedRow& row) {
  return row.name.empty() ? "(held by several)" : row.name;
}

// Types and tasks are many each; modules and threads are owners.
bool has_counts(std::string_view by) { return by == "type" || by == "task"; }

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

void write_heaviest_csv(const Write& write, const RetainedView& view,
                        const std::vector<ObjectId>& objects) {
  write(csv_line({"address", "type", "bytes", "retained_bytes", "retained_objects", "path"}));
  std::size_t number = 0;
  for (const ObjectId object : objects) {
    const std::size_t i = index(object);
    write(csv_line({address_text(view.graph.address[i]), type_name(view.graph, object),
                    std::to_string(view.graph.bytes[i]), std::to_string(view.tree.bytes[i]),
                    std::to_string(view.tree.nodes[i]),
                    number++ < kMostPaths ? held_by(view.graph, view.paths, object, view.key_text)
                                          : std::string()}));
  }
}

void write_heaviest(JsonStream& document, const RetainedView& view,
                    const std::vector<ObjectId>& objects) {
  document.begin_array("objects");
  std::size_t number = 0;
  for (const ObjectId object : objects) {
    const std::size_t i = index(object);
    Json row = object_json(view.graph, object);
    row["bytes"] = view.graph.bytes[i];
    row["retained_bytes"] = view.tree.bytes[i];
    row["retained_objects"] = view.tree.nodes[i];
    if (number++ < kMostPaths) {
      row["path"] = held_by(view.graph, view.paths, object, view.key_text);
    }
    document.item(row);
  }
  document.end_array();
  if (objects.size() < view.graph.size()) {
    document.put("objects_left_out", view.graph.size() - objects.size());
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
  const bool counted = has_counts(by);
  Table table;
  table.columns = {{"RETAINED", Align::right, Fit::whole},
                   {"SHARE", Align::right, Fit::whole},
                   {"OBJECTS", Align::right, Fit::whole}};
  if (counted) {
    table.columns.push_back({"COUNT", Align::right, Fit::whole});
    table.columns.push_back({"FOOTPRINT", Align::right, Fit::whole});
  }
  std::string title(by);
  std::transform(title.begin(), title.end(), title.begin(),
                 [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  table.columns.push_back({title, Align::left, Fit::cut_middle});
  const auto add = [&](const RetainedRow& row) {
    std::vector<std::string> cells{human_bytes(row.retained_bytes),
                                   share(view.tree, row.retained_bytes),
                                   thousands(row.retained_objects)};
    if (counted) {
      cells.push_back(thousands(row.count));
      cells.push_back(human_bytes(row.bytes));
    }
    cells.push_back(for_terminal(owner_or_shared(row), view.terminal));
    table.rows.push_back(std::move(cells));
  };
  const std::size_t listed_rows = rows.size() - (counted ? 0 : 1);  // the last is of several owners
  for (std::size_t i = 0; i < std::min(top, listed_rows); ++i) add(rows[i]);
  if (!counted) add(rows.back());
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
  const bool counted = has_counts(by);
  const std::string key(by);
  Json list = Json::array();
  std::size_t left_out = 0;
  for (const RetainedRow& row : rows) {
    if (row.name.empty() && !counted) {
      document["held_by_several"] = {{"retained_bytes", row.retained_bytes},
                                     {"retained_objects", row.retained_objects}};
      continue;
    }
    if (list.size() >= top) {
      ++left_out;
      continue;
    }
    Json one{{key, row.name}};
    if (counted) {
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

}  // namespace heapglass
