// Difference -> tables, JSON and CSV.
#pragma once

#include <cstddef>
#include <string>

#include "cli/render/document.h"
#include "cli/render/terminal.h"
#include "inspector/analysis/difference.h"

namespace heapglass {

// GREW NEW GONE NOW SIZE RETAINED TYPE (or MODULE), the total, and what could not be told.
std::string changes_table(const Difference& difference, DifferenceBy by, std::size_t top,
                          const Terminal& terminal);
// NEW GONE RETAINED TYPE HELD BY.
std::string held_table(const Difference& difference, std::size_t top, const Terminal& terminal);

// Puts "totals", "types" (or "modules") and "paths" into a document; at most `top` rows each.
void put_difference(Json& document, const Difference& difference, DifferenceBy by, std::size_t top);

std::string changes_csv(const Difference& difference, DifferenceBy by, std::size_t top);
std::string held_csv(const Difference& difference, std::size_t top);

}  // namespace heapglass
