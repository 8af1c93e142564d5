#include "inspector/analysis/breakers.h"

namespace heapglass {

std::vector<Breaker> find_breakers(const HeapGraph&, const Subgraph&,
                                   std::span<const std::uint32_t>) {
  return {};
}

}  // namespace heapglass
