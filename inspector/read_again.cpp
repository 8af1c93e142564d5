#include "inspector/read_again.h"

#include <array>
#include <vector>

#include "inspector/python/bytes.h"
#include "inspector/python/decoders.h"
#include "inspector/target/page_map.h"

namespace heapglass {

namespace {

// Objects of one page, read at once.
struct Batch {
  std::vector<std::size_t> first;  // id of each request's first object; one more behind the last
  std::vector<ReadRequest> requests;
  std::vector<std::array<std::byte, kPage>> bytes;
};

}  // namespace

std::uint64_t count_changed(const HeapGraph& graph, Mirror& copy, Memory& live,
                            const Layout& layout, const Run& run) {
  constexpr std::size_t kPagesACall = 1024;
  const auto head = static_cast<std::size_t>(layout[Fact::sizeof_PyObject]);
  std::uint64_t changed = 0;
  Batch batch;
  batch.bytes.resize(kPagesACall);
  const auto same = [&](Address address, const std::byte* now) {
    const std::byte* then = copy.at(address, head);
    const std::int64_t type = layout[Fact::PyObject_ob_type];
    return then != nullptr && load_pointer(then, type) == load_pointer(now, type) &&
           plausible_count(now, layout);
  };
  for (std::size_t id = 0; id < graph.size();) {
    batch.first.clear();
    batch.requests.clear();
    while (id < graph.size() && batch.requests.size() < kPagesACall) {
      const Address begin = graph.address[id];
      const Address page_end = (begin / kPage + 1) * kPage;
      Address end = begin + head;
      batch.first.push_back(id);
      for (++id; id < graph.size() && graph.address[id] > begin && graph.address[id] < page_end &&
                 graph.address[id] + head <= begin + kPage;
           ++id) {
        end = graph.address[id] + head;
      }
      batch.requests.push_back({begin, batch.bytes[batch.requests.size()].data(),
                                static_cast<std::size_t>(end - begin), false});
    }
    batch.first.push_back(id);
    live.read(batch.requests);
    for (std::size_t i = 0; i < batch.requests.size(); ++i) {
      const ReadRequest& request = batch.requests[i];
      for (std::size_t object = batch.first[i]; object < batch.first[i + 1]; ++object) {
        const Address address = graph.address[object];
        if (!request.ok || !same(address, batch.bytes[i].data() + (address - request.address))) {
          ++changed;
        }
      }
    }
    run.report("reading again", static_cast<double>(id) / static_cast<double>(graph.size()));
    if (run.stopping()) throw Interrupted{run.interrupted->load()};
  }
  return changed;
}

}  // namespace heapglass
