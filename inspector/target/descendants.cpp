#include "inspector/target/descendants.h"

#include <algorithm>
#include <map>

#include "inspector/target/proc_text.h"
#include "inspector/target/process.h"

namespace heapglass {

std::vector<pid_t> descendants(pid_t pid) {
  std::multimap<pid_t, pid_t> children;  // by parent
  for (const pid_t each : all_pids()) {
    if (const auto stat = read_stat(each)) children.emplace(stat->parent, each);
  }
  std::vector<pid_t> found{pid};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [begin, end] = children.equal_range(found[i]);
    for (auto at = begin; at != end; ++at) {
      // The parents were read one after the other, and pids are used again.
      const bool known = std::find(found.begin(), found.end(), at->second) != found.end();
      if (!known) found.push_back(at->second);
    }
  }
  found.erase(found.begin());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace heapglass
