#include "inspector/memory_budget.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include "inspector/target/self.h"
#include "symbols/failure.h"

namespace heapglass {

namespace {

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string megabytes(std::uint64_t bytes) { return std::to_string((bytes >> 20) + 1) + "M"; }

}  // namespace

void require_memory(const Run& run, std::uint64_t more) {
  const std::uint64_t used = resident_bytes();
  // Half of what was free before we took ours.
  const std::uint64_t budget =
      run.max_memory != 0 ? run.max_memory : (free_memory_here() + used) / 2;
  const std::uint64_t needed = used + more;
  if (needed <= budget) return;
  throw Failure(Exit::incomplete,
                "this answer needs about " + megabytes(needed) + " of memory here and may use " +
                    megabytes(budget),
                run.max_memory != 0 ? "--max-memory " + megabytes(needed)
                                    : "take a snapshot and ask it elsewhere, or --max-memory " +
                                          megabytes(needed) + " if that much is really free");
}

// Lengauer and Tarjan's arrays and rows of referrers, beside the tree.
std::uint64_t memory_of_dominators(const HeapGraph& graph) {
  return graph.size() * std::uint64_t{52} + graph.reference_to.size() * std::uint64_t{4};
}

// Buckets, distances, parents.
std::uint64_t memory_of_paths(const HeapGraph& graph) { return graph.size() * std::uint64_t{24}; }

}  // namespace heapglass
