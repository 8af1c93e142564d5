// Where a result goes: standard output, or a file that is there completely or not at all.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "inspector/run.h"

namespace heapglass {

// A file is written beside its final name (0600, created exclusively, no link followed) and gets
// the name in commit(), never over an existing file unless `force`, and then only over a regular
// one. Every error is a Failure(not_written); where the run is interrupted, Interrupted.
class Output {
 public:
  // `path` empty: standard output. Looks at once whether the name is free, so that no target
  // is stopped for a result that cannot be kept.
  Output(std::string path, bool force, const Run& run);
  // What was not committed is removed.
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view bytes);
  // For a format that has to seek: what was written through it stands in the file, too. Only of a
  // file, and instead of write().
  int descriptor() const { return fd_; }
  // For a file that other users' programs are to read.
  void let_all_read();
  // Writes what is buffered; nothing may be written after it.
  void commit();

 private:
  void create();
  void flush();
  void give_name();
  bool to_stdout() const { return path_.empty(); }
  void stop_if_interrupted() const;
  [[noreturn]] void fail(int error) const;

  std::string path_;
  std::string temporary_;  // empty once it has its name
  bool force_;
  const std::atomic<int>* interrupted_;
  int fd_ = -1;
  std::string buffer_;
};

}  // namespace heapglass
