// What ends a run: one exception type, thrown anywhere, caught once in main.
// What is wrong with a single object is data (inspector/python/faults.h), never a Failure.
#pragma once

#include <stdexcept>
#include <string>

namespace heapglass {

// The exit codes of CONTRACT.md.
enum class Exit {
  done = 0,
  check_failed = 1,
  usage = 2,
  not_permitted = 3,
  not_cpython = 4,
  target_gone = 5,
  incomplete = 6,
  not_written = 7,
};

// what():  the one cause, a sentence without a full stop, naming the thing ("process 42 is ...").
// remedy(): the one thing to do next, ready to paste; may be empty where nothing can be done.
class Failure : public std::runtime_error {
 public:
  Failure(Exit exit, const std::string& what, std::string remedy = {})
      : std::runtime_error(what), exit_(exit), remedy_(std::move(remedy)) {}

  Exit exit() const { return exit_; }
  const std::string& remedy() const { return remedy_; }

 private:
  Exit exit_;
  std::string remedy_;
};

}  // namespace heapglass
