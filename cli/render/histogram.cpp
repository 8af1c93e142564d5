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
  const HistogramRow& total = histogram.total;
  document["totals"] = {{"objects", total.count},
                        {"bytes", total.bytes},
                        {"footprint", total.footprint},
                        {"tracked_objects", total.tracked},
                        {"types", total.distinct_types}};
  Json rows = Json::array();
  const std::size_t shown = std::min(top, histogram.rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const HistogramRow& row = histogram.rows[i];
    rows.push_back({{singular(by), row.name},
                    {"count", row.count},
                    {"bytes", row.bytes},
                    {"footprint", row.footprint},
                    {"tracked", row.tracked},
                    {"distinct_types", row.distinct_types}});
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

}  // namespace heapglass
