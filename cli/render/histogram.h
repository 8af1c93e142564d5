// A histogram as table, JSON and CSV.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/render/document.h"
#include "cli/render/terminal.h"
#include "inspector/analysis/histogram.h"

namespace heapglass {

// COUNT SIZE FOOTPRINT TYPE (or MODULE); of what is not shown one line, and the total.
std::string histogram_table(const Histogram& histogram, HistogramBy by, std::size_t top,
                            const Terminal& terminal);

// Puts "totals" and "types" (or "modules") into a document; at most `top` rows, and then
// "types_left_out" says how many there are besides.
void put_histogram(Json& document, const Histogram& histogram, HistogramBy by, std::size_t top);

std::string histogram_csv(const Histogram& histogram, HistogramBy by, std::size_t top);

// Two looks. Of a table the rows that changed; JSON and CSV have all, with "count_before",
// "bytes_before", "footprint_before" beside what is now.
struct GrownHistogram {
  const Histogram& before;
  const Histogram& now;
  std::vector<GrownRow> rows;
  double seconds = 0;  // between them
};
std::string grown_table(const GrownHistogram& grown, HistogramBy by, std::size_t top,
                        const Terminal& terminal);
void put_grown(Json& document, const GrownHistogram& grown, HistogramBy by, std::size_t top);
std::string grown_csv(const GrownHistogram& grown, HistogramBy by, std::size_t top);

}  // namespace heapglass
