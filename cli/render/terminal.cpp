// isatty, TIOCGWINSZ and three environment variables.
#include "cli/render/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace heapglass {
namespace {

// NOLINTBEGIN(concurrency-mt-unsafe): read in main, before any thread.
std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}
// NOLINTEND(concurrency-mt-unsafe)

bool utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = environment(name);
    if (value.empty()) continue;
    for (const std::string_view codeset : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
      if (value.find(codeset) != std::string_view::npos) return true;
    }
    return false;
  }
  return false;
}

}  // namespace

Terminal describe_terminal(int fd, bool no_color) {
  Terminal terminal;
  terminal.interactive = ::isatty(fd) == 1;
  terminal.unicode = utf8_locale();
  if (!terminal.interactive) return terminal;
  terminal.color = !no_color && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  constexpr std::size_t kUsual = 80;
  winsize size{};
  terminal.width = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
  return terminal;
}

}  // namespace heapglass
