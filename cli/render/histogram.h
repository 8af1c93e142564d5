// A histogram as table, JSON and CSV.
#pragma once

#include <cstddef>
#include <string>

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

}  // namespace heapglass
