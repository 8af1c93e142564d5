// What the place that a result is printed to can show. Decided once, in main.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace heapglass {

struct Terminal {
  bool interactive = false;  // a terminal; else a file or a pipe
  bool color = false;
  bool unicode = false;   // the locale is a UTF-8 one
  std::size_t width = 0;  // columns; 0: no limit

  std::string_view ellipsis() const { return unicode ? "…" : "..."; }
  std::string bold(std::string_view text) const { return painted("\033[1m", text); }
  std::string dim(std::string_view text) const { return painted("\033[2m", text); }

 private:
  std::string painted(std::string_view code, std::string_view text) const {
    if (!color) return std::string(text);
    return std::string(code).append(text).append("\033[0m");
  }
};

// Colour needs a terminal, no NO_COLOR in the environment (https://no-color.org), no --no-color.
Terminal describe_terminal(int fd, bool no_color);

}  // namespace heapglass
