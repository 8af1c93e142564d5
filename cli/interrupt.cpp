// The one variable of the program that a signal handler can reach.
#include "cli/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

namespace heapglass {
namespace {

std::atomic<int> asked_to_end{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler stores into it");

void remember(int signal) { asked_to_end.store(signal); }

}  // namespace

const std::atomic<int>& catch_signals() {
  struct sigaction action {};
  action.sa_handler = remember;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a write into a full pipe has to come back. No SA_RESETHAND: timeout(1) sends its
  // signal twice, and the second would leave the temporary file.
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
  return asked_to_end;
}

void keep_standard_descriptors() {
  for (const int wanted : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest free descriptor is the one that was found closed.
    if (::fcntl(wanted, F_GETFD) == -1) ::open("/dev/null", O_RDONLY);
  }
}

}  // namespace heapglass
