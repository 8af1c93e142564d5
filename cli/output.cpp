// write(2), fsync(2), renameat2(2), and every way in which they can fail.
#include "cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "symbols/failure.h"

namespace heapglass {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 20;

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void refuse_existing(const std::string& path) {
  throw Failure(Exit::not_written, "the file " + path + " exists",
                "add --force to replace it, or give another name to -o");
}

}  // namespace

Output::Output(std::string path, bool force, const Run& run)
    : path_(std::move(path)), force_(force), interrupted_(run.interrupted) {
  if (to_stdout()) {
    fd_ = STDOUT_FILENO;
    return;
  }
  struct stat existing {};
  if (::lstat(path_.c_str(), &existing) == 0) {
    if (!force_) refuse_existing(path_);
    if (!S_ISREG(existing.st_mode)) {
      throw Failure(Exit::not_written,
                    path_ + " is not a regular file, and only those are replaced",
                    "give another name to -o, or write to standard output and redirect it");
    }
  }
  create();
}

Output::~Output() {
  if (to_stdout()) return;
  if (fd_ != -1) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void Output::create() {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    const std::string name =
        path_ + "." + std::to_string(::getpid()) + "-" + std::to_string(i) + ".part";
    fd_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd_ != -1) {
      temporary_ = name;
      return;
    }
    if (errno != EEXIST) break;
  }
  fail(errno);
}

void Output::write(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kBuffer) flush();
}

void Output::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno != EINTR) fail(errno);
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
    // A signal ends a blocked write after a part of it, too.
    if (!rest.empty()) stop_if_interrupted();
  }
  buffer_.clear();
}

void Output::let_all_read() {
  if (!to_stdout() && ::fchmod(fd_, 0644) != 0) fail(errno);
}

void Output::commit() {
  flush();
  if (to_stdout()) return;
  // A full disk may show itself only here.
  if (::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) fail(errno);
  const int closed = ::close(fd_);
  fd_ = -1;
  if (closed != 0 && errno != EINTR) fail(errno);
  stop_if_interrupted();
  give_name();
  temporary_.clear();
}

void Output::stop_if_interrupted() const {
  const int signal = interrupted_ == nullptr ? 0 : interrupted_->load();
  if (signal != 0) throw Interrupted{signal};
}

void Output::give_name() {
  if (force_) {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
    return;
  }
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) == 0)
    return;
  if (errno == EEXIST) refuse_existing(path_);
  // NFS and old kernels cannot; a hard link is as exclusive.
  if (errno != EINVAL && errno != ENOSYS) fail(errno);
  if (::link(temporary_.c_str(), path_.c_str()) != 0) {
    if (errno == EEXIST) refuse_existing(path_);
    fail(errno);
  }
  ::unlink(temporary_.c_str());
}

void Output::fail(int error) const {
  const std::string where = to_stdout() ? "standard output" : path_;
  if (to_stdout() && (error == EPIPE || error == EBADF)) {
    throw Failure(Exit::not_written, "standard output was closed before the result was written",
                  "add -o FILE to keep the whole result");
  }
  std::string remedy = "give -o a file in a directory that can be written";
  if (error == ENOSPC || error == EDQUOT) remedy = "give -o a file on a disk with more room";
  throw Failure(Exit::not_written, "cannot write to " + where + ": " + reason(error), remedy);
}

}  // namespace heapglass
