// Opens the files that a process maps, and nothing that it would like us to open instead. Every
// path is first opened with O_PATH, which neither reads, nor waits for a FIFO's writer, nor wakes a
// device; only what then proves to be the mapped regular file is opened for reading.
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "symbols/descriptor.h"
#include "symbols/interpreter.h"

namespace heapglass {
namespace {

// Filesystems whose stat() reports another device than the mapping shows (fs/overlayfs, fs/btrfs:
// one anonymous device per mount or subvolume, the real one below).
bool has_device_of_its_own(int fd) {
  struct statfs status;
  if (fstatfs(fd, &status) != 0) return false;
  return status.f_type == OVERLAYFS_SUPER_MAGIC || status.f_type == BTRFS_SUPER_MAGIC;
}

bool is_overlay(int fd) {
  struct statfs status;
  return fstatfs(fd, &status) == 0 && status.f_type == OVERLAYFS_SUPER_MAGIC;
}

bool is_regular(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

bool is_file_of(const Mapping& mapping, int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_ino != mapping.inode)
    return false;
  return status.st_dev == makedev(mapping.device_major, mapping.device_minor) ||
         has_device_of_its_own(fd);
}

int open_for_reading(int path_fd) {
  const std::string self = "/proc/self/fd/" + std::to_string(path_fd);
  return open(self.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

// The kernel's own link from the address range to the file: right even where the file was deleted
// or lies in another mount namespace. Needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.
Descriptor through_map_files(const std::string& proc, const Mapping& mapping) {
  char range[64];
  std::snprintf(range, sizeof range, "/map_files/%llx-%llx",
                static_cast<unsigned long long>(mapping.range.begin),
                static_cast<unsigned long long>(mapping.range.end));
  Descriptor fd(open((proc + range).c_str(), O_PATH | O_CLOEXEC));
  // An overlay of several filesystems reports inode numbers of its own; the range vouches for it.
  if (fd && (is_file_of(mapping, fd.get()) || (is_overlay(fd.get()) && is_regular(fd.get()))))
    return fd;
  return Descriptor();
}

Descriptor through_exe(const std::string& proc, const Mapping& mapping) {
  Descriptor fd(open((proc + "/exe").c_str(), O_PATH | O_CLOEXEC));
  return fd && is_file_of(mapping, fd.get()) ? std::move(fd) : Descriptor();
}

// The kernel prints names with their links already followed, so a link on the way is somebody's
// invention. Before Linux 5.6 there is no openat2, and no safe way.
Descriptor below(const std::string& root, const Mapping& mapping) {
  if (!mapping.path.starts_with('/')) return Descriptor();
  const Descriptor directory(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return Descriptor();
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  Descriptor fd(static_cast<int>(
      syscall(SYS_openat2, directory.get(), mapping.path.c_str(), &how, sizeof how)));
  return fd && is_file_of(mapping, fd.get()) ? std::move(fd) : Descriptor();
}

}  // namespace

int open_mapped_file(pid_t pid, const Mapping& mapping) {
  if (!mapping.file_backed()) return -1;
  const std::string proc = "/proc/" + std::to_string(pid);
  // A file may be found and yet not be readable one way, and readable another.
  if (const Descriptor fd = through_map_files(proc, mapping))
    if (const int result = open_for_reading(fd.get()); result >= 0) return result;
  if (const Descriptor fd = through_exe(proc, mapping))
    if (const int result = open_for_reading(fd.get()); result >= 0) return result;
  // A target in a chroot has names below its root, but the kernel prints them as we see them.
  for (const std::string& root : {proc + "/root", std::string("/")})
    if (const Descriptor fd = below(root, mapping))
      if (const int result = open_for_reading(fd.get()); result >= 0) return result;
  return -1;
}

int open_file_below(const std::string& root, const std::string& path) {
  const Descriptor directory(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return -1;
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const Descriptor fd(
      static_cast<int>(syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof how)));
  // Files of /proc and /sys are regular, of size 0, and to read one may wait for ever.
  struct stat status;
  const bool plain = fd && fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode);
  return plain && status.st_size > 0 ? open_for_reading(fd.get()) : -1;
}

}  // namespace heapglass
