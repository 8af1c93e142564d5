// From argv to a command and its options.
#pragma once

#include <boost/program_options/variables_map.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/command.h"

namespace heapglass {

struct CommandLine {
  enum class Asks { run, help, version };

  Asks asks = Asks::run;
  const Command* command = nullptr;  // null: general help
  boost::program_options::variables_map values;
  Options options;
  Source source;                // the last one
  std::vector<Source> earlier;  // those before it
};

// `arguments` without the program's name; not empty. Throws Failure(usage).
CommandLine parse_command_line(std::span<const std::string> arguments);

// A command's options: its own and those of its groups, those that every command has, and those
// that are not shown.
struct Described {
  boost::program_options::options_description own;
  boost::program_options::options_description shared;
  boost::program_options::options_description hidden;
};
Described describe(const Command& command);

// "heapglass histogram"; "heapglass" for `heapglass SOURCE`.
std::string call(const Command& command);

}  // namespace heapglass
