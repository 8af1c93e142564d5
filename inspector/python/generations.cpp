// PyGC_Head's links (Modules/gcmodule.c; from 3.12 on Python/gc.c), from each list's head.
#include "inspector/python/generations.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "inspector/python/bytes.h"

namespace heapglass {

SparseColumn<std::uint8_t> young_generations(const Runtime& runtime, const HeapGraph& graph,
                                             const Decoders& decoders) {
  constexpr std::uint8_t kOldest = 2;
  constexpr Address kFlags = 3;  // low bits of _gc_next, while a collection is under way
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyGC_Head__gc_next)) return {};
  const auto head = static_cast<Address>(layout[Fact::sizeof_PyGC_Head]);
  const auto next = [&](Address node) -> Address {
    const std::byte* links = decoders.mirror.at(node, head);
    if (links == nullptr) return 0;
    return load_pointer(links, layout[Fact::PyGC_Head__gc_next]) & ~kFlags;
  };
  std::vector<std::pair<ObjectId, std::uint8_t>> found;
  for (const InterpreterState& state : runtime.interpreters) {
    if (state.generations.size() != kOldest + 1) continue;
    for (std::uint8_t generation = 0; generation != kOldest; ++generation) {
      const Address list = state.generations[generation];
      std::size_t left = graph.size();  // a list may be damaged
      for (Address node = next(list); node != 0 && node != list && left != 0; --left) {
        if (const auto id = graph.find(node + head)) found.emplace_back(*id, generation);
        node = next(node);
      }
    }
  }
  std::sort(found.begin(), found.end());
  SparseColumn<std::uint8_t> column;
  for (const auto& [id, generation] : found) {
    const bool again = !column.objects.empty() && column.objects.back() == id;
    if (!again) column.add(id, generation);
  }
  return column;
}

}  // namespace heapglass
