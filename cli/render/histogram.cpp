// Histogram -> text.
#include "cli/render/histogram.h"

#include <algorithm>

#include "cli/render/numbers.h"
#include "cli/render/table.h"

namespace heapglass {
namespace {

std::vector<std::string> cells(const HistogramRow& row, std::string name) {
  return {thousands(row.count), human_bytes(row.bytes), human_bytes(row.footprint),
          std::move(name)};
}

const char* singular(HistogramBy by) { return by == HistogramBy::module ? "module" : "type"; }
const char* plural(HistogramBy by) { return by == HistogramBy::module ? "modules" : "types"; }

Json totals_json(const HistogramRow& total) {
  return {{"objects", total.count},
          {"bytes", total.bytes},
          {"footprint", total.footprint},
          {"tracked_objects", total.tracked},
          {"types", total.distinct_types}};
}

Json row_json(const HistogramRow& row, HistogramBy by) {
  return {{singular(by), row.name}, {"count", row.count},
          {"bytes", row.bytes},     {"footprint", row.footprint},
          {"tracked", row.tracked}, {"distinct_types", row.distinct_types}};
}

std::int64_t growth(std::uint64_t before, std::uint64_t now) {
  return static_cast<std::int64_t>(now) - static_cast<std::int64_t>(before);
}

}  // namespace

std::string histogram_table(const Histogram& histogram, HistogramBy by, std::size_t top,
                            const Terminal& terminal) {
  using Align = Column::Align;
  Table table;
  table.columns = {
      {"COUNT", Align::right, Column::Fit::whole},
      {"SIZE", Align::right, Column::Fit::whole},
      {"FOOTPRINT", Align::right, Column::Fit::whole},
      {by == HistogramBy::module ? "MODULE" : "TYPE", Align::left, Column::Fit::cut_middle}};
  HistogramRow rest;
  for (std::size_t i = 0; i < histogram.rows.size(); ++i) {
    const HistogramRow& row = histogram.rows[i];
    if (i < top) {
      table.rows.push_back(cells(row, row.name));
      continue;
    }
    rest.count += row.count;
    rest.bytes += row.bytes;
    rest.footprint += row.footprint;
  }
  if (histogram.rows.size() > top) {
    const std::size_t more = histogram.rows.size() - top;
    table.rows.push_back(
        cells(rest, "and " + count_of(more, ("more " + std::string(singular(by))).c_str())));
  }
  table.rows.push_back(
      cells(histogram.total, "in total, " + count_of(histogram.rows.size(), singular(by))));
  return render_table(table, terminal);
}

void put_histogram(Json& document, const Histogram& histogram, HistogramBy by, std::size_t top) {
  document["totals"] = totals_json(histogram.total);
  Json rows = Json::array();
  const std::size_t shown = std::min(top, histogram.rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    rows.push_back(row_json(histogram.rows[i], by));
  }
  document[plural(by)] = std::move(rows);
  if (shown < histogram.rows.size()) {
    document[std::string(plural(by)) + "_left_out"] = histogram.rows.size() - shown;
  }
}

std::string histogram_csv(const Histogram& histogram, HistogramBy by, std::size_t top) {
  std::string text =
      csv_line({singular(by), "count", "bytes", "footprint", "tracked", "distinct_types"});
  for (std::size_t i = 0; i < std::min(top, histogram.rows.size()); ++i) {
    const HistogramRow& row = histogram.rows[i];
    text += csv_line({row.name, std::to_string(row.count), std::to_string(row.bytes),
                      std::to_string(row.footprint), std::to_string(row.tracked),
                      std::to_string(row.distinct_types)});
  }
  return text;
}

std::string grown_table(const GrownHistogram& grown, HistogramBy by, std::size_t top,
                        const Terminal& terminal) {
  using Align = Column::Align;
  Table table;
  for (const char* title : {"GREW", "COUNT", "SIZE GREW", "SIZE", "FOOTPRINT GREW"}) {
    table.columns.push_back({title, Align::right, Column::Fit::whole});
  }
  table.columns.push_back(
      {by == HistogramBy::module ? "MODULE" : "TYPE", Align::left, Column::Fit::cut_middle});
  const auto add = [&](const HistogramRow& before, const HistogramRow& now, std::string name) {
    table.rows.push_back({signed_thousands(growth(before.count, now.count)), thousands(now.count),
                          signed_bytes(growth(before.bytes, now.bytes)), human_bytes(now.bytes),
                          signed_bytes(growth(before.footprint, now.footprint)), std::move(name)});
  };
  std::size_t changed = 0;
  for (const GrownRow& row : grown.rows) {
    if (row.before.count == row.now.count && row.before.footprint == row.now.footprint) continue;
    if (++changed <= top) add(row.before, row.now, row.now.name);
  }
  add(grown.before.total, grown.now.total,
      "in total, " + count_of(changed, singular(by)) + " changed");
  return render_table(table, terminal);
}

void put_grown(Json& document, const GrownHistogram& grown, HistogramBy by, std::size_t top) {
  document["looks"] = 2;
  document["seconds"] = grown.seconds;
  const auto put = [](Json& to, const HistogramRow& before) {
    to["count_before"] = before.count;
    to["bytes_before"] = before.bytes;
    to["footprint_before"] = before.footprint;
  };
  Json& totals = document["totals"] = totals_json(grown.now.total);
  put(totals, grown.before.total);
  Json rows = Json::array();
  for (std::size_t i = 0; i < std::min(top, grown.rows.size()); ++i) {
    put(rows.emplace_back(row_json(grown.rows[i].now, by)), grown.rows[i].before);
  }
  document[plural(by)] = std::move(rows);
  if (top < grown.rows.size()) {
    document[std::string(plural(by)) + "_left_out"] = grown.rows.size() - top;
  }
}

std::string grown_csv(const GrownHistogram& grown, HistogramBy by, std::size_t top) {
  std::string text = csv_line({singular(by), "count_before", "count", "bytes_before", "bytes",
                               "footprint_before", "footprint"});
  for (std::size_t i = 0; i < std::min(top, grown.rows.size()); ++i) {
    const HistogramRow &before = grown.rows[i].before, &now = grown.rows[i].now;
    text += csv_line({now.name, std::to_string(before.count), std::to_string(now.count),
                      std::to_string(before.bytes), std::to_string(now.bytes),
                      std::to_string(before.footprint), std::to_string(now.footprint)});
  }
  return text;
}

}  // namespace heapglass
