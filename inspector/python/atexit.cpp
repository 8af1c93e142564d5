// The functions registered with atexit, up to 3.9 in the module's state (Modules/atexitmodule.c,
// atexit_m_traverse): an array of pointers to blocks {func, args, kwargs}, 0 where one was
// unregistered. Later they are the interpreter's.
#include <algorithm>

#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_atexit_callbacks(Address state, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::atexitmodule_state_atexit_callbacks)) return;
  const std::byte* head =
      decoders.mirror.at(state, static_cast<std::size_t>(layout[Fact::sizeof_atexitmodule_state]));
  if (head == nullptr) return decoders.unreadable(state);
  const Address array = load_pointer(head, layout[Fact::atexitmodule_state_atexit_callbacks]);
  const auto count = load<std::int32_t>(head, layout[Fact::atexitmodule_state_ncallbacks]);
  if (array == 0 || count == 0) return;
  const auto size = static_cast<std::uint64_t>(std::max(count, 0)) * sizeof(Address);
  if (count < 0 || size > decoders.mirror.room(array)) return decoders.fault(Fault::absurd_size);
  const std::byte* pointers = decoders.mirror.at(array, size);
  if (pointers == nullptr) return decoders.unreadable(array, size);
  for (std::int64_t i = 0; i < count; ++i) {
    const Address callback = load_pointer(pointers, i * static_cast<std::int64_t>(sizeof(Address)));
    if (callback == 0) continue;
    const std::byte* block = decoders.mirror.at(
        callback, static_cast<std::size_t>(layout[Fact::sizeof_atexit_callback]));
    if (block == nullptr) {
      decoders.unreadable(callback);
      continue;
    }
    for (const Fact field :
         {Fact::atexit_callback_func, Fact::atexit_callback_args, Fact::atexit_callback_kwargs}) {
      sink.add(load_pointer(block, layout[field]), ReferenceKind::collector, FixedName::callback);
    }
  }
}

}  // namespace heapglass
