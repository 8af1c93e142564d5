// How files of code are called.
#pragma once

#include <string>

namespace heapglass {

// The file of a path; with its directory where the name alone says nothing (__init__.py).
inline std::string short_path(std::string path) {
  std::size_t slash = path.rfind('/');
  if (slash == path.npos) return path;
  if (path.compare(slash + 1, 2, "__") == 0 && slash > 0) {
    const std::size_t before = path.rfind('/', slash - 1);
    slash = before == path.npos ? 0 : before;
  }
  return path.substr(path[slash] == '/' ? slash + 1 : slash);
}

}  // namespace heapglass
