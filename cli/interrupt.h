// SIGINT and SIGTERM: the run is asked to end, lets the target go, and leaves no half file.
#pragma once

#include <atomic>

namespace heapglass {

// Installs the handlers and ignores SIGPIPE (a closed pipe is a write error, with its exit code).
// The result is 0 until a signal has asked for the end; Run::interrupted points at it.
const std::atomic<int>& catch_signals();

// Gives descriptors 0 to 2 a meaning where they were closed, so that no file of ours becomes
// standard output. They stay unwritable: a result that goes nowhere is an error.
void keep_standard_descriptors();

}  // namespace heapglass
