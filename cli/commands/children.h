// --children: a process and what it has started, one after the other.
#pragma once

#include <functional>
#include <optional>

#include "cli/command.h"
#include "inspector/inspect.h"

namespace heapglass {

// Calls `take` with a look at the command's process and at each that descends from it, and says on
// stderr what each look cost. Processes that run no Python or end meanwhile are left out, and named
// there; one at least must be left. The result: what too much of one was invalid says, to be thrown
// when the others' results are written.
std::optional<Failure> inspect_family(Context& context, const InspectOptions& options,
                                      const std::function<void(Inspection&&)>& take);

// Above the text of one of several processes: its pid and command line.
std::string family_title(const Inspection& inspection, const Terminal& terminal);

}  // namespace heapglass
