#include "inspector/analysis/type_names.h"

#include <unordered_map>

namespace heapglass {

TypeNames type_names(const HeapGraph& graph) {
  TypeNames result;
  std::unordered_map<std::string_view, std::uint32_t> known;
  for (const TypeRecord& type : graph.types) {
    const auto next = static_cast<std::uint32_t>(result.names.size());
    const auto [at, fresh] = known.try_emplace(type.name, next);
    if (fresh) result.names.push_back(type.name);
    result.number.push_back(at->second);
  }
  return result;
}

}  // namespace heapglass
