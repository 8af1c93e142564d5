// What the verbs that read a heap have in common: before and after.
#pragma once

#include "cli/command.h"
#include "inspector/inspect.h"

namespace heapglass {

// "heapglass export 1234", to be pasted.
std::string call_with_source(const Context& context, std::string_view command);

// What the source holds: inspect() with the command's process and budget, or the snapshot; kept
// where --save says. The line of progress is gone afterwards.
Inspection inspect_target(Context& context, const InspectOptions& options = {});

// After the result is written: the acquisition line on stderr (not with --quiet), and
// Failure(incomplete) where too much of the heap was invalid to call the result complete.
void conclude(const Context& context, const Inspection& inspection);

}  // namespace heapglass
