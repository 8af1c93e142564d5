// Columns that stand under each other, for people; and rows of cells, for spreadsheets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/render/terminal.h"

namespace heapglass {

struct Column {
  enum class Align { left, right };
  // What gives way where the line is too long. One column of a table may.
  enum class Fit { whole, cut_middle, cut_end };

  std::string title;
  Align align = Align::left;
  Fit fit = Fit::whole;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // untrusted text; escaped when rendered
};

// Every line ends in a newline and has no blanks at its end. Without titles there is no head line.
// `indent` blanks stand in front of each line. Where there is no terminal, a column that gives way
// is at most 200 columns wide.
std::string render_table(const Table& table, const Terminal& terminal, std::size_t indent = 0);

// One line of CSV (RFC 4180), with LF.
std::string csv_line(const std::vector<std::string>& cells);

}  // namespace heapglass
