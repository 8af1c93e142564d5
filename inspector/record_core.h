// `heapglass core`: a core of just the pages that a heap analysis needs.
#pragma once

#include "inspector/examine.h"
#include "inspector/run.h"
#include "inspector/target/core_writer.h"

namespace heapglass {

enum class Recording : std::uint8_t {
  whole,    // all that the view has
  redacted  // without contents (redact.h)
};

// `seen` with names and columns, so that all constants that any analysis looks at have been loaded
// (to be redacted, without both).
// What the core gets: all writable memory that the view has; of constants of mapped files what was
// looked at; of code what identifies the interpreter and tells where its tables are. Every analysis
// gives the same answer on the core, also where the target's files are not.
void record_core(Seen& seen, Recording recording, const Write& write, const Run& run);

}  // namespace heapglass
