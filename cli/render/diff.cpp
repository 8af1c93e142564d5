#include "cli/render/diff.h"

#include <algorithm>

#include "cli/render/numbers.h"
#include "cli/render/table.h"

namespace heapglass {
namespace {

using Align = Column::Align;

const char* singular(DifferenceBy by) { return by == DifferenceBy::module ? "module" : "type"; }

std::int64_t growth(std::uint64_t before, std::uint64_t after) {
  return static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before);
}

std::vector<std::string> cells(const ChangeRow& row, std::string name) {
  return {signed_thousands(growth(row.before.count, row.after.count)),
          thousands(row.fresh.count),
          thousands(row.gone.count),
          thousands(row.after.count),
          signed_bytes(growth(row.before.bytes, row.after.bytes)),
          human_bytes(row.fresh.retained),
          std::move(name)};
}

Json amount_json(const Amount& amount) {
  return {{"count", amount.count}, {"bytes", amount.bytes}, {"retained_bytes", amount.retained}};
}

void put_row(Json& to, const ChangeRow& row) {
  to["count_before"] = row.before.count;
  to["count_after"] = row.after.count;
  to["bytes_before"] = row.before.bytes;
  to["bytes_after"] = row.after.bytes;
  to["retained_bytes_before"] = row.before.retained;
  to["retained_bytes_after"] = row.after.retained;
  to["new"] = amount_json(row.fresh);
  to["gone"] = amount_json(row.gone);
  to["grown"] = {{"count", row.grown.count}, {"bytes", row.grown.bytes}};
  to["maybe_new"] = row.maybe;
  to["maybe_later"] = row.maybe_later;
}

void say_left_out(Json& document, const std::string& what, std::size_t all, std::size_t top) {
  if (top < all) document[what + "_left_out"] = all - top;
}

}  // namespace

std::string changes_table(const Difference& difference, DifferenceBy by, std::size_t top,
                          const Terminal& terminal) {
  Table table;
  table.columns = {
      {"GREW", Align::right, Column::Fit::whole},
      {"NEW", Align::right, Column::Fit::whole},
      {"GONE", Align::right, Column::Fit::whole},
      {"NOW", Align::right, Column::Fit::whole},
      {"SIZE", Align::right, Column::Fit::whole},
      {"NEW RETAIN", Align::right, Column::Fit::whole},
      {by == DifferenceBy::module ? "MODULE" : "TYPE", Align::left, Column::Fit::cut_middle}};
  const std::size_t shown = std::min(top, difference.rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    table.rows.push_back(cells(difference.rows[i], difference.rows[i].name));
  }
  table.rows.push_back(
      cells(difference.total,
            "in total, " + count_of(difference.rows.size(), singular(by)) + " changed"));
  return render_table(table, terminal);
}

std::string held_table(const Difference& difference, std::size_t top, const Terminal& terminal) {
  Table table;
  table.columns = {{"NEW", Align::right, Column::Fit::whole},
                   {"GONE", Align::right, Column::Fit::whole},
                   {"RETAINED", Align::right, Column::Fit::whole},
                   {"TYPE", Align::left, Column::Fit::whole},
                   {"HELD BY", Align::left, Column::Fit::cut_middle}};
  for (std::size_t i = 0; i < std::min(top, difference.held.size()); ++i) {
    const HeldRow& row = difference.held[i];
    table.rows.push_back({thousands(row.fresh.count), thousands(row.gone.count),
                          signed_bytes(growth(row.gone.retained, row.fresh.retained)), row.type,
                          row.path.empty() ? "nothing: garbage" : row.path});
  }
  return render_table(table, terminal);
}

void put_difference(Json& document, const Difference& difference, DifferenceBy by,
                    std::size_t top) {
  put_row(document["totals"], difference.total);
  const std::string plural = std::string(singular(by)) + "s";
  Json& rows = document[plural] = Json::array();
  for (std::size_t i = 0; i < std::min(top, difference.rows.size()); ++i) {
    Json row = {{singular(by), difference.rows[i].name}};
    put_row(row, difference.rows[i]);
    rows.push_back(std::move(row));
  }
  say_left_out(document, plural, difference.rows.size(), top);
  Json& held = document["paths"] = Json::array();
  for (std::size_t i = 0; i < std::min(top, difference.held.size()); ++i) {
    const HeldRow& row = difference.held[i];
    held.push_back({{"path", row.path},
                    {"type", row.type},
                    {"new", amount_json(row.fresh)},
                    {"gone", amount_json(row.gone)}});
  }
  say_left_out(document, "paths", difference.held.size(), top);
}

std::string changes_csv(const Difference& difference, DifferenceBy by, std::size_t top) {
  std::string text =
      csv_line({singular(by), "count_before", "count_after", "bytes_before", "bytes_after",
                "retained_bytes_before", "retained_bytes_after", "new", "new_bytes",
                "new_retained_bytes", "gone", "gone_bytes", "gone_retained_bytes", "grown",
                "grown_bytes", "maybe_new", "maybe_later"});
  for (std::size_t i = 0; i < std::min(top, difference.rows.size()); ++i) {
    const ChangeRow& row = difference.rows[i];
    std::vector<std::string> line{row.name};
    for (const std::uint64_t number :
         {row.before.count, row.after.count, row.before.bytes, row.after.bytes, row.before.retained,
          row.after.retained, row.fresh.count, row.fresh.bytes, row.fresh.retained, row.gone.count,
          row.gone.bytes, row.gone.retained, row.grown.count, row.grown.bytes, row.maybe,
          row.maybe_later}) {
      line.push_back(std::to_string(number));
    }
    text += csv_line(line);
  }
  return text;
}

std::string held_csv(const Difference& difference, std::size_t top) {
  std::string text = csv_line({"path", "type", "new", "new_bytes", "new_retained_bytes", "gone",
                               "gone_bytes", "gone_retained_bytes"});
  for (std::size_t i = 0; i < std::min(top, difference.held.size()); ++i) {
    const HeldRow& row = difference.held[i];
    std::vector<std::string> line{row.path, row.type};
    for (const Amount& amount : {row.fresh, row.gone}) {
      for (const std::uint64_t number : {amount.count, amount.bytes, amount.retained}) {
        line.push_back(std::to_string(number));
      }
    }
    text += csv_line(line);
  }
  return text;
}

}  // namespace heapglass
