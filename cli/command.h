// What a verb is: its row in the command table, and what its function is handed.
#pragma once

#include <sys/types.h>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"
#include "cli/progress.h"
#include "cli/render/terminal.h"
#include "inspector/run.h"
#include "symbols/failure.h"

namespace heapglass {

struct Context {
  Options options;
  boost::program_options::variables_map own;  // the command's own options
  Source source;                              // of a command that takes one: the last of them
  std::vector<Source> earlier;                // of one that takes several: those before it
  Run run;
  Progress& progress;
  Terminal terminal;  // where the result goes
};

struct Command {
  std::string_view name;           // empty: `heapglass SOURCE` alone
  std::string_view summary;        // one line of `heapglass --help`
  std::string_view about;          // paragraphs of its own --help
  std::string_view example;        // lines to paste, each "command   # why"
  unsigned groups = 0;             // of OptionGroup
  std::string_view takes = "PID";  // of one that takes sources: what its usage calls them
  std::size_t least_sources = 1, most_sources = 1;
  void (*add_options)(boost::program_options::options_description&) = nullptr;
  // Writes the result; what ends a run is thrown.
  Exit (*run)(Context&) = nullptr;
};

// All of them, in the order of `heapglass --help`; `heapglass SOURCE` first.
std::span<const Command> command_table();

// Failure(usage) where --format csv was asked of a text that is no table.
void refuse_csv(const Context& context);

// Promised by the contract, not in this version.
std::span<const std::string_view> later_commands();

}  // namespace heapglass
