// Which processes a process has started, and these in turn: workers of gunicorn, celery,
// multiprocessing.
#pragma once

#include <sys/types.h>

#include <vector>

namespace heapglass {

// Ascending, without `pid` itself. Those that outlived their parent belong to another one by then
// and are not told. One look at /proc/PID/stat of every process.
std::vector<pid_t> descendants(pid_t pid);

}  // namespace heapglass
