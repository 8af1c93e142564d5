// One inspection, and what is said of it.
#include "cli/commands/inspection.h"

#include <iostream>

#include "cli/render/acquisition_line.h"

namespace heapglass {

Inspection inspect_target(Context& context, const InspectOptions& options) {
  Inspection result = inspect(context.pid, options, context.run);
  context.progress.clear();
  return result;
}

Inspection inspect_named(Context& context) {
  InspectOptions options;
  options.names = true;
  options.contents = context.options.values;
  return inspect_target(context, options);
}

KeyText key_text_of(const Inspection& inspection) {
  if (inspection.contents == nullptr) return {};
  return [&inspection](ObjectId key) { return inspection.contents->of(key, inspection.graph); };
}

void conclude(const Context& context, const Inspection& inspection) {
  context.progress.clear();
  if (!context.options.quiet) {
    std::cerr << acquisition_line(inspection.acquisition, context.options.verbose) << '\n';
  }
  const auto invalid = too_much_invalid(inspection.acquisition, inspection.graph.size());
  if (!invalid) return;
  throw Failure(Exit::incomplete, *invalid,
                "run it once more; if it says so again: heapglass doctor " +
                    std::to_string(context.pid) + " -v");
}

}  // namespace heapglass
