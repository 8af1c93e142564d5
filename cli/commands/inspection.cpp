// One inspection, and what is said of it.
#include "cli/commands/inspection.h"

#include <iostream>

#include "cli/output.h"
#include "cli/render/acquisition_line.h"
#include "inspector/inspect_core.h"
#include "inspector/snapshot/snapshot.h"

namespace heapglass {

namespace {

Inspection read_saved(const Context& context, const InspectOptions& options) {
  const std::string& file = context.source.file;
  if (!context.options.save.empty()) {
    throw Failure(Exit::usage, file + " is a snapshot already, there is nothing to save",
                  "leave --save out");
  }
  if (options.contents) {
    throw Failure(Exit::usage, "contents are not in a snapshot, so --values cannot show them",
                  "leave --values out, or ask the process itself");
  }
  return read_snapshot(file, context.run);
}

// Of what has all its memory: a process, or a core.
Inspection inspect_memory(const Context& context, const InspectOptions& options) {
  const Source& source = context.source;
  if (!source.core) return inspect(source.pid, options, context.run);
  return inspect_core(core_source(context), options, context.run);
}

}  // namespace

CoreSource core_source(const Context& context) {
  const std::string& sysroot = context.options.sysroot;
  return {context.source.file, sysroot.empty() ? "/" : sysroot};
}

std::string call_with_source(const Context& context, std::string_view command) {
  return "heapglass " + std::string(command) + ' ' + context.source.word();
}

Inspection inspect_target(Context& context, const InspectOptions& options) {
  if (context.source.pid == 0 && !context.source.core) {
    Inspection result = read_saved(context, options);
    context.progress.clear();
    return result;
  }
  const std::string& save = context.options.save;
  if (save.empty()) {
    Inspection result = inspect_memory(context, options);
    context.progress.clear();
    return result;
  }
  // With --values keys of dicts become names, and a snapshot keeps names.
  if (options.contents) {
    throw Failure(Exit::usage, "a snapshot keeps no contents, so it is not saved beside --values",
                  call_with_source(context, "snapshot") + " -o " + save);
  }
  Output output(save, context.options.force, context.run);
  InspectOptions whole = options;
  whole.names = true;
  whole.columns = kAllColumns;
  Inspection result = inspect_memory(context, whole);
  write_snapshot(output.descriptor(), result, false, context.run);
  output.commit();
  context.progress.clear();
  return result;
}

InspectOptions named(const Context& context) {
  InspectOptions options;
  options.names = true;
  options.contents = context.options.values;
  return options;
}

Exit answer(Context& context, const std::function<std::string(const Inspection&)>& render) {
  return answer(context, named(context), [&](const Inspection& inspection, Output& output) {
    output.write(render(inspection));
  });
}

Exit answer(Context& context, const InspectOptions& options,
            const std::function<void(const Inspection&, Output&)>& write) {
  Output output(context.options.output, context.options.force, context.run);
  const Inspection inspection = inspect_target(context, options);
  write(inspection, output);
  output.commit();
  conclude(context, inspection);
  return Exit::done;
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
  if (context.source.core && inspection.acquisition.missed != 0) {
    throw Failure(Exit::incomplete,
                  "the core lacks memory that " + std::to_string(inspection.acquisition.missed) +
                      " references lead to, so the result is incomplete",
                  "take the core again: heapglass core PID -o FILE");
  }
  const auto invalid = too_much_invalid(inspection.acquisition, inspection.graph.size());
  if (!invalid) return;
  throw Failure(Exit::incomplete, *invalid,
                context.source.pid == 0
                    ? "take another snapshot or core"
                    : "run it once more; if it says so again: heapglass doctor " +
                          context.source.word() + " -v");
}

}  // namespace heapglass
