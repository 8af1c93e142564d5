// Text from the target (names, command lines, paths) is untrusted. Here it is made harmless for
// where it goes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace heapglass {

// For a terminal: one line, no control, bidi or invisible character, valid UTF-8. What is not shown
// as it is stands there as \x1b (a control character, or a byte that is no UTF-8) or \u202e.
std::string escape_terminal(std::string_view text);

// For a CSV cell: as for a terminal, quoted where needed, and never the start of a formula: a cell
// that would begin with = + - @ tab or CR gets a leading apostrophe.
std::string escape_csv(std::string_view text);

// As a JSON string with its quotes, in ASCII only, so that it is valid UTF-8 and harmless on a
// terminal too. A byte sequence that is no UTF-8 (and a lone surrogate) becomes \ufffd.
std::string json_string(std::string_view text);

// Columns that escaped text takes: wide East Asian characters are two, combining ones none.
std::size_t display_width(std::string_view text);

// Escaped text in at most `columns` columns: what does not fit is cut out of the middle (the module
// and the class name are at the ends) or off the end, and `ellipsis` stands there. 0: no limit.
std::string cut_middle(std::string text, std::size_t columns, std::string_view ellipsis);
std::string cut_end(std::string text, std::size_t columns, std::string_view ellipsis);

}  // namespace heapglass
