// What the verbs that read a heap have in common: before and after.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/output.h"
#include "inspector/analysis/survivors.h"
#include "inspector/graph/labels.h"
#include "inspector/inspect.h"
#include "inspector/inspect_core.h"

namespace heapglass {

// "heapglass export 1234", to be pasted.
std::string call_with_source(const Context& context, std::string_view command);

// Where a core is, and the files of its process.
CoreSource core_source(const Context& context, const Source& source);

// What the source holds: inspect() with the command's process and budget, or the snapshot; kept
// where --save says. The line of progress is gone afterwards.
Inspection inspect_target(Context& context, const InspectOptions& options = {});
// The same of another source than the command's.
Inspection inspect_source(Context& context, const Source& source, const InspectOptions& options);

// Names of references, and contents where --values asks for them.
InspectOptions named(const Context& context);
// The whole of a verb that reads a heap with names, and contents where --values asks for them: its
// result to where --output says.
Exit answer(Context& context, const std::function<std::string(const Inspection&)>& render);
// The same of other options, and of results that are written piece by piece.
Exit answer(Context& context, const InspectOptions& options,
            const std::function<void(const Inspection&, Output&)>& write);
// How keys are told: by their text with --values. `inspection` must outlive it.
KeyText key_text_of(const Inspection& inspection);

// With --over: the first of two looks, which is not kept, and the time until the second. Of a file
// Failure(usage).
Inspection first_look(Context& context, const InspectOptions& options);
void wait_for_second_look(Context& context);

// Failure(usage) for two looks at different processes: they have nothing in common.
void require_same_process(const ProcessFacts& before, const ProcessFacts& now);
// `inspection` must outlive it.
Look look_of(const Inspection& inspection);

// After the result is written: the acquisition line on stderr (not with --quiet), and
// Failure(incomplete) where too much of the heap was invalid to call the result complete.
void conclude(const Context& context, const Inspection& inspection);
// That Failure, for who judges the heap and writes nothing of a part of it.
std::optional<Failure> why_incomplete(const Context& context, const Inspection& inspection);

}  // namespace heapglass
