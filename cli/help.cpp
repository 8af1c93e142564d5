// Help in 80 columns, from the command table and the options' own sentences.
#include "cli/help.h"

#include <algorithm>
#include <boost/program_options/cmdline.hpp>
#include <boost/program_options/value_semantic.hpp>

#include "cli/command_line.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kLine = 80;

// Words of `text` from column `indent` on; the first line is already filled up to `column`.
void append_wrapped(std::string& to, std::string_view text, std::size_t column,
                    std::size_t indent) {
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const bool begins_line = column <= indent;
    if (!begins_line && column + 1 + word.size() > kLine) {
      to.append("\n").append(indent, ' ');
      column = indent;
    } else if (!begins_line) {
      to += ' ';
      ++column;
    }
    to += word;
    column += word.size();
  }
  to += '\n';
}

// "  -p, --pid PID".
std::string usage_of(const po::option_description& option) {
  using po::command_line_style::allow_dash_for_short;
  const std::string shorter = option.canonical_display_name(allow_dash_for_short);
  std::string usage = shorter.starts_with('-') ? "  " + shorter + ", " : "      ";
  usage += "--" + option.long_name();
  if (option.semantic()->max_tokens() > 0) usage += ' ' + option.semantic()->name();
  return usage;
}

void append_options(std::string& to, const char* title, const po::options_description& options) {
  constexpr std::size_t kIndent = 28;
  if (options.options().empty()) return;
  to.append("\n").append(title).append("\n");
  for (const auto& option : options.options()) {
    std::string usage = usage_of(*option);
    if (usage.size() + 2 > kIndent) {
      to += usage + '\n';
      usage.clear();
    }
    usage.resize(kIndent, ' ');
    to += usage;
    append_wrapped(to, option->description(), kIndent, kIndent);
  }
}

}  // namespace

std::string command_help(const Command& command) {
  const Described options = describe(command);
  const bool takes_process = (command.groups & kProcess) != 0;
  std::string text = "usage: " + call(command);
  if (takes_process) text.append(" ").append(command.takes);
  text += " [options]\n\n";
  text.append(command.about).append("\n");
  if (!command.example.empty()) text.append("\n").append(command.example).append("\n");
  append_options(text, "Options:", options.own);
  append_options(text, "Options of every command:", options.shared);
  return text;
}

std::string general_help() {
  constexpr std::size_t kNameColumn = 12;
  std::string text =
      "heapglass looks into the heap of a running CPython process from outside: nothing\n"
      "is imported into it, none of its code is run, and it goes on as if nothing had\n"
      "been.\n"
      "\n"
      "usage: heapglass PID [options]\n"
      "       heapglass COMMAND [PID] [options]\n\n";
  for (const Command& command : command_table()) {
    std::string name = command.name.empty() ? "PID alone" : std::string(command.name);
    name.resize(std::max(name.size(), kNameColumn), ' ');
    text.append("  ").append(name).append(command.summary).append("\n");
  }
  text +=
      "\n"
      "Start with `heapglass ps`: it lists the processes here that can be read.\n"
      "`heapglass COMMAND --help` has the options of a command, and examples.\n"
      "\n"
      "Exit codes: 0 done, 2 wrong usage, 3 not permitted, 4 not a CPython that can be\n"
      "read, 5 the process went away, 6 result incomplete, 7 result not written, 130\n"
      "and 143 interrupted, with the process let go.\n";
  Described options = describe(command_table().front());
  append_options(text, "Options of `heapglass PID`:", options.own);
  append_options(text, "Options of every command:", options.shared);
  return text;
}

}  // namespace heapglass
