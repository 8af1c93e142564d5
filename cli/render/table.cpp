// Aligned tables: escape, measure, cut the one column that gives way, pad.
#include "cli/render/table.h"

#include <algorithm>

#include "cli/render/escape.h"

namespace heapglass {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kWidestCut = 200;
constexpr std::size_t kNarrowestCut = 16;

// Columns that remain for column `which` in a line of the terminal.
std::size_t room_for(std::size_t which, const std::vector<std::size_t>& widths,
                     const Terminal& terminal, std::size_t indent) {
  if (terminal.width == 0) return kWidestCut;
  std::size_t others = indent;
  for (std::size_t c = 0; c < widths.size(); ++c) others += c == which ? 0 : widths[c] + kGap;
  return std::max(kNarrowestCut, terminal.width > others ? terminal.width - others : 0);
}

std::string line(const std::vector<std::string>& cells, const std::vector<Column>& columns,
                 const std::vector<std::size_t>& widths, std::size_t indent) {
  std::string result(indent, ' ');
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (c > 0) result.append(kGap, ' ');
    const std::string padding(widths[c] - display_width(cells[c]), ' ');
    if (columns[c].align == Column::Align::right) result += padding;
    result += cells[c];
    if (columns[c].align == Column::Align::left) result += padding;
  }
  result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

}  // namespace

std::string render_table(const Table& table, const Terminal& terminal, std::size_t indent) {
  const std::vector<Column>& columns = table.columns;
  std::vector<std::string> head;
  std::vector<std::size_t> widths;
  for (const Column& column : columns) {
    head.push_back(column.title);
    widths.push_back(display_width(column.title));
  }
  std::vector<std::vector<std::string>> rows;
  for (const std::vector<std::string>& row : table.rows) {
    std::vector<std::string>& cells = rows.emplace_back();
    for (std::size_t c = 0; c < columns.size(); ++c) {
      cells.push_back(c < row.size() ? escape_terminal(row[c]) : std::string());
      widths[c] = std::max(widths[c], display_width(cells[c]));
    }
  }
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].fit == Column::Fit::whole) continue;
    const std::size_t room = room_for(c, widths, terminal, indent);
    if (widths[c] <= room) continue;
    const bool middle = columns[c].fit == Column::Fit::cut_middle;
    for (std::vector<std::string>& cells : rows) {
      cells[c] = middle ? cut_middle(std::move(cells[c]), room, terminal.ellipsis())
                        : cut_end(std::move(cells[c]), room, terminal.ellipsis());
    }
    widths[c] = std::max(room, display_width(head[c]));
  }

  std::string result;
  const bool titled =
      std::any_of(head.begin(), head.end(), [](const auto& t) { return !t.empty(); });
  if (titled) result += terminal.bold(line(head, columns, widths, indent)) + '\n';
  for (const std::vector<std::string>& cells : rows) {
    result += line(cells, columns, widths, indent) + '\n';
  }
  return result;
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string result;
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) result += ',';
    result += escape_csv(cell);
  }
  return result + '\n';
}

}  // namespace heapglass
