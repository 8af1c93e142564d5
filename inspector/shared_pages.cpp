#include "inspector/shared_pages.h"

#include "inspector/target/page_map.h"

namespace heapglass {

std::optional<std::vector<bool>> on_shared_pages(pid_t pid, const HeapGraph& graph) {
  constexpr Address kAhead = 512 * kPage;  // objects come in address order
  const PageMap pages(pid);
  if (!pages) return std::nullopt;
  std::vector<bool> shared(graph.size());
  AddressRange known;
  std::vector<PageState> states;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const Address page = graph.address[i] / kPage * kPage;
    if (!known.contains(page)) {
      known = {page, page + kAhead};
      states = pages.states(known);
    }
    const PageState state = states[(page - known.begin) / kPage];
    shared[i] = state == PageState::shared || state == PageState::file_page;
  }
  return shared;
}

}  // namespace heapglass
