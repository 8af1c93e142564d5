// The command table. A new verb: a file in commands/, a line in commands/commands.h, a line here.
#include "cli/command.h"
#include "cli/commands/commands.h"

namespace heapglass {

std::span<const Command> command_table() {
  static const Command kCommands[] = {
      overview_command(),  //
      ps_command(),        //
      doctor_command(),
      suspects_command(),   //
      histogram_command(),  //
      paths_command(),      //
      referrers_command(),  //
      show_command(),       //
      retained_command(),   //
      threads_command(),    //
      cycles_command(),     //
      snapshot_command(),   //
      core_command(),       //
      diff_command(),       //
      watch_command(),      //
      check_command(),      //
      export_command(),     //
  };
  return kCommands;
}

void refuse_csv(const Context& context) {
  if (context.options.format != Format::csv) return;
  throw Failure(Exit::usage, "this is no table, so there is no CSV of it", "--format json");
}

std::span<const std::string_view> later_commands() {
  static constexpr std::string_view kLater[] = {"memory",    "strings", "collections", "caches",
                                                "resources", "report",  "allocations", "query"};
  return kLater;
}

}  // namespace heapglass
