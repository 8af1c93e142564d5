// Generators, coroutines and async generators (Objects/genobject.c, gen_traverse). From 3.11 on the
// frame stands inside the object, and counts until it is cleared.
#include "inspector/python/bytes.h"
#include "inspector/python/frame.h"
#include "inspector/python/visit.h"

namespace heapglass {

void visit_generator(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyGenObject_gi_iframe)) return;
  constexpr int kFrameCleared = 4;  // Include/internal/pycore_frame.h, FRAME_CLEARED
  if (load<std::int8_t>(object.body, layout[Fact::PyGenObject_gi_frame_state]) < kFrameCleared) {
    const auto frame = object.address + static_cast<Address>(layout[Fact::PyGenObject_gi_iframe]);
    visit_interpreter_frame(frame, decoders, sink);
  }
}

}  // namespace heapglass
