// What `heapglass core` writes beside the pages, as JSON in a note of its own: who the process was,
// how the view was taken, and of the interpreter's file what is looked for in it, so that the core
// can be read where that file is not.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "inspector/inspect.h"
#include "symbols/interpreter.h"

namespace heapglass {

struct Python;

struct CoreNote {
  ProcessFacts process;
  Acquisition acquisition;  // counts of faults are those of the view then
  std::string interpreter;  // path of the interpreter's file
  ElfImage image;
};

std::string core_note(const Inspection& inspection, const Python& python);
// nullopt: none, or not as it was written. The text is as little trusted as the core.
std::optional<CoreNote> read_core_note(std::string_view text);

}  // namespace heapglass
