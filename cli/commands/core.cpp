// heapglass core PID -o FILE: the pages that a heap analysis needs, as an ELF core.
#include <boost/program_options/value_semantic.hpp>

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/output.h"
#include "inspector/inspect_core.h"
#include "inspector/record_core.h"
#include "inspector/target/zstd.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;

void add_own_options(po::options_description& options) {
  auto add = options.add_options();
  add("redact", po::bool_switch(),
      "Leave contents out, so that the file may leave the building: of str, bytes, int and float, "
      "and "
      "all that no object owns. Names of types, attributes, functions and modules stay.");
  add("compress", po::bool_switch(),
      "Through zstd, about a fifth of the size; what reads cores here takes it "
      "so, gdb after unzstd.");
}

Seen see_source(const Context& context) {
  const bool redact = context.own["redact"].as<bool>();
  const InspectOptions options{.names = !redact, .columns = redact ? kNoColumns : kAllColumns};
  if (context.source.core)
    return see_core(core_source(context, context.source), options, context.run);
  return see(context.source.pid, options, context.run);
}

Exit run(Context& context) {
  const std::string& file = context.options.output;
  if (context.source.pid == 0 && !context.source.core) {
    throw Failure(Exit::usage, "a snapshot has no memory in it, so no core can be made of it",
                  "heapglass core PID -o FILE");
  }
  if (file.empty()) {
    throw Failure(Exit::usage, "core needs a file to write",
                  call_with_source(context, "core") + " -o heap.core");
  }
  if (!context.options.save.empty()) {
    throw Failure(Exit::usage, "core writes one file, and --save asks for a second",
                  call_with_source(context, "snapshot") + " -o " + context.options.save);
  }
  Output output(file, context.options.force, context.run);
  Seen seen = see_source(context);
  const Recording recording =
      context.own["redact"].as<bool>() ? Recording::redacted : Recording::whole;
  const Write write = [&](std::string_view bytes) { output.write(bytes); };
  if (context.own["compress"].as<bool>()) {
    Compressor compressor(write);
    record_core(
        seen, recording, [&](std::string_view bytes) { compressor.write(bytes); }, context.run);
    compressor.finish();
  } else {
    record_core(seen, recording, write, context.run);
  }
  output.commit();
  conclude(context, seen.inspection);
  return Exit::done;
}

}  // namespace

Command core_command() {
  return {
      .name = "core",
      .summary = "an ELF core of the pages that a heap analysis needs",
      .about =
          "Copies what the heap's objects stand in, and what identifies the interpreter, to\n"
          "a file that every other command takes in place of a PID, here or on a machine\n"
          "that has none of the files of this one. gdb -c opens it, too. CONTENTS ARE IN IT,\n"
          "whatever the process had in memory, unless --redact leaves them out.",
      .example =
          "  heapglass core 1234 -o heap.core\n"
          "  heapglass suspects heap.core",
      .groups = kGeneral | kProcess | kReading,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
