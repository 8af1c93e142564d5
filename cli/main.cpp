// heapglass: parse, find the command, run it, say once what went wrong.
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/render/escape.h"
#include "cli/render/terminal.h"
#include "inspector/run.h"
#include "inspector/target/self.h"
#include "symbols/failure.h"

namespace heapglass {
namespace {

int print(const std::string& text, const Run& run) {
  Output output({}, false, run);
  output.write(text);
  output.commit();
  return 0;
}

int run_command(const CommandLine& line, Run run) {
  using Asks = CommandLine::Asks;
  if (line.asks == Asks::version) return print("heapglass " HEAPGLASS_VERSION "\n", run);
  if (line.asks == Asks::help) {
    return print(line.command == nullptr ? general_help() : command_help(*line.command), run);
  }
  Progress progress(line.options.quiet);
  run.progress = [&](std::string_view phase, double done) { progress.report(phase, done); };
  if (!line.options.quiet) {
    run.remark = [&](const std::string& what) {
      progress.clear();
      std::cerr << "heapglass: " << escape_terminal(what) << '\n';
    };
  }
  run.max_pause = line.options.max_pause;
  run.max_memory = line.options.max_memory;
  Terminal terminal = describe_terminal(STDOUT_FILENO, line.options.no_color);
  if (!line.options.output.empty()) {
    terminal =
        Terminal{.interactive = false, .color = false, .unicode = terminal.unicode, .width = 0};
  }
  Context context{.options = line.options,
                  .own = line.values,
                  .source = line.source,
                  .earlier = line.earlier,
                  .run = run,
                  .progress = progress,
                  .terminal = terminal};
  return static_cast<int>(line.command->run(context));
}

int report(Exit exit, const std::string& cause, const std::string& remedy) {
  std::cerr << "heapglass: " << escape_terminal(cause) << '\n';
  if (!remedy.empty()) std::cerr << "  try: " << escape_terminal(remedy) << '\n';
  return static_cast<int>(exit);
}

int report_interrupted(int signal) {
  std::cerr << "heapglass: interrupted; nothing is left behind\n";
  return 128 + signal;
}

int run_heapglass(const std::vector<std::string>& arguments) {
  keep_standard_descriptors();
  offer_ourselves_to_the_oom_killer();
  const std::atomic<int>& asked_to_end = catch_signals();
  Run run;
  run.interrupted = &asked_to_end;
  if (arguments.empty()) {
    std::cerr << general_help();
    return static_cast<int>(Exit::usage);
  }
  try {
    return run_command(parse_command_line(arguments), run);
  } catch (const Interrupted& interrupted) {
    return report_interrupted(interrupted.signal);
  } catch (const Failure& failure) {
    // What failed because of the signal (EINTR) is the signal's doing.
    if (run.stopping()) return report_interrupted(asked_to_end.load());
    return report(failure.exit(), failure.what(), failure.remedy());
  } catch (const std::bad_alloc&) {
    return report(Exit::incomplete, "the memory for this result is not there",
                  "give --max-memory SIZE more, or run heapglass where more is free");
  } catch (const std::exception& error) {
    return report(Exit::incomplete, std::string("a fault in heapglass itself: ") + error.what(),
                  "report it with the output of heapglass --version and heapglass doctor PID -v");
  }
}

}  // namespace
}  // namespace heapglass

int main(int argc, char** argv) {
  // execve(2) may be given no argv[0].
  return heapglass::run_heapglass(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
