// One inspection, and what is said of it.
#include "cli/commands/inspection.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>
#include <utility>

#include "cli/output.h"
#include "cli/render/acquisition_line.h"
#include "inspector/inspect_core.h"
#include "inspector/snapshot/snapshot.h"

namespace heapglass {

namespace {

Inspection read_saved(const Context& context, const std::string& file,
                      const InspectOptions& options) {
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
Inspection inspect_memory(const Context& context, const Source& source,
                          const InspectOptions& options) {
  if (!source.core) return inspect(source.pid, options, context.run);
  return inspect_core(core_source(context, source), options, context.run);
}

}  // namespace

CoreSource core_source(const Context& context, const Source& source) {
  const std::string& sysroot = context.options.sysroot;
  return {source.file, sysroot.empty() ? "/" : sysroot};
}

std::string call_with_source(const Context& context, std::string_view command) {
  return "heapglass " + std::string(command) + ' ' + context.source.word();
}

Inspection inspect_target(Context& context, const InspectOptions& options) {
  return inspect_source(context, context.source, options);
}

Inspection inspect_source(Context& context, const Source& source, const InspectOptions& asked) {
  InspectOptions options = asked;
  options.mode = context.options.mode;
  if (source.pid == 0 && !source.core) {
    Inspection result = read_saved(context, source.file, options);
    context.progress.clear();
    return result;
  }
  const std::string& save = context.options.save;
  if (save.empty()) {
    Inspection result = inspect_memory(context, source, options);
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
  Inspection result = inspect_memory(context, source, whole);
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

Inspection first_look(Context& context, const InspectOptions& options) {
  if (context.source.pid == 0) {
    throw Failure(Exit::usage, "a snapshot does not change, so there is no second look at it",
                  "heapglass diff OLDER.npz " + context.source.file);
  }
  const std::string save = std::exchange(context.options.save, {});
  Inspection first = inspect_target(context, options);
  context.options.save = save;
  return first;
}

void wait_for_second_look(Context& context) {
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  const auto over = *context.options.over;
  const auto end = Clock::now() + over;
  for (auto left = end - Clock::now(); left > left.zero(); left = end - Clock::now()) {
    if (context.run.stopping()) throw Interrupted{context.run.interrupted->load()};
    context.run.report("waiting for the second look",
                       1 - Seconds(left).count() / Seconds(over).count());
    constexpr std::chrono::milliseconds kTick{50};
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, kTick));
  }
}

void require_same_process(const ProcessFacts& before, const ProcessFacts& now) {
  // A core does not tell when its process began.
  const bool known = before.start_ticks != 0 && now.start_ticks != 0;
  if (before.pid == now.pid && (!known || before.start_ticks == now.start_ticks)) return;
  const auto named = [](const ProcessFacts& process) {
    return std::to_string(process.pid) + " (" + process.command + ")";
  };
  throw Failure(Exit::usage,
                "the looks are at two processes: " + named(before) + " and " + named(now),
                "compare looks at one process: heapglass snapshot " + std::to_string(now.pid) +
                    " -o FILE, now and later");
}

Look look_of(const Inspection& inspection) {
  return {inspection.graph, inspection.columns, inspection.collectors,
          !inspection.acquisition.gc_running && !inspection.target.free_threaded};
}

void conclude(const Context& context, const Inspection& inspection) {
  context.progress.clear();
  if (!context.options.quiet) {
    std::cerr << acquisition_line(inspection.acquisition, context.options.verbose) << '\n';
  }
  if (const auto failure = why_incomplete(context, inspection)) throw *failure;
}

std::optional<Failure> why_incomplete(const Context& context, const Inspection& inspection) {
  const Acquisition& acquisition = inspection.acquisition;
  if (acquisition.mode == Mode::core && acquisition.missed != 0) {
    return Failure(Exit::incomplete,
                   "the core lacks memory that " + std::to_string(acquisition.missed) +
                       " references lead to, so the result is incomplete",
                   "take the core again: heapglass core PID -o FILE");
  }
  const auto invalid = too_much_invalid(acquisition, inspection.graph.size());
  if (!invalid) return std::nullopt;
  return Failure(Exit::incomplete, *invalid,
                 context.source.pid == 0
                     ? "take another snapshot or core"
                     : "run it once more; if it says so again: heapglass doctor " +
                           context.source.word() + " -v");
}

}  // namespace heapglass
