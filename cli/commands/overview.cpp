// heapglass PID: one screen.
#include "cli/render/overview.h"

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/output.h"
#include "inspector/analysis/histogram.h"

namespace heapglass {
namespace {

Exit run(Context& context) {
  refuse_csv(context);
  Output output(context.options.output, context.options.force, context.run);
  const Inspection inspection = inspect_target(context);
  // What the memory is: by what it occupies.
  const Histogram types = histogram(inspection.graph, {.sort = HistogramSort::footprint});
  // One screen, unless more is asked for.
  constexpr std::size_t kScreen = 8;
  const bool all = context.options.top || context.options.format == Format::json;
  const std::size_t top = all ? rows_to_show(context.options) : kScreen;
  output.write(context.options.format == Format::json
                   ? overview_json(inspection, types, top)
                   : overview_text(inspection, types, top, context.terminal));
  output.commit();
  conclude(context, inspection);
  return Exit::done;
}

}  // namespace

Command overview_command() {
  return {
      .name = "",
      .summary = "one screen: what the memory is, the top types, what to ask next",
      .about = "",
      .example = "",
      .groups = kGeneral | kFormats | kTops | kProcess | kReading | kLive,
      .add_options = nullptr,
      .run = run,
  };
}

}  // namespace heapglass
