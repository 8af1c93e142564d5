// heapglass snapshot PID -o FILE: the object graph, to be analysed elsewhere and later.
#include "inspector/snapshot/snapshot.h"

#include <boost/program_options/value_semantic.hpp>

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/output.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;

void add_own_options(po::options_description& options) {
  options.add_options()("compress", po::bool_switch(),
                        "A file of about a sixth of the size, for transport; it takes longer to "
                        "write.");
}

Exit run(Context& context) {
  if (context.options.output.empty()) {
    throw Failure(Exit::usage, "snapshot needs a file to write",
                  call_with_source(context, "snapshot") + " -o heap.npz");
  }
  Output output(context.options.output, context.options.force, context.run);
  const Inspection inspection = inspect_target(context, {.names = true, .columns = kAllColumns});
  write_snapshot(output.descriptor(), inspection, context.own["compress"].as<bool>(), context.run);
  output.commit();
  conclude(context, inspection);
  return Exit::done;
}

}  // namespace

Command snapshot_command() {
  return {
      .name = "snapshot",
      .summary = "the object graph to a file, to be asked later and elsewhere",
      .about =
          "Keeps what one look at the heap has seen: objects, sizes, references with\n"
          "their names, roots. Every other command takes the file in place of a PID. It\n"
          "is an .npz: numpy.load opens it, too. No contents of objects are in it.",
      .example =
          "  heapglass snapshot 1234 -o before.npz\n"
          "  heapglass histogram before.npz",
      .groups = kGeneral | kProcess | kReading,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
