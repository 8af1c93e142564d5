// Generators, coroutines and async generators (Objects/genobject.c, gen_traverse). From 3.11 on the
// frame stands inside the object, and counts until it is cleared.
#include "inspector/python/bytes.h"
#include "inspector/python/frame.h"
#include "inspector/python/generator_state.h"
#include "inspector/python/stack_ref.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

FrameNames frame_names(Shape shape) {
  switch (shape) {
    case Shape::coroutine:
      return {FixedName::cr_frame, FixedName::cr_code, FixedName::hidden_locals};
    case Shape::async_generator:
      return {FixedName::ag_frame, FixedName::ag_code, FixedName::hidden_locals};
    default:
      return {FixedName::gi_frame, FixedName::gi_code, FixedName::hidden_locals};
  }
}

}  // namespace

void visit_generator(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyGenObject_gi_iframe)) return;
  if (generator_state(object.body, layout) != GeneratorState::cleared) {
    const auto frame = object.address + static_cast<Address>(layout[Fact::PyGenObject_gi_iframe]);
    visit_interpreter_frame(frame, frame_names(object.type->shape), decoders, sink);
  } else if (layout.since(Fact::since_cleared_frame_code_shown)) {
    const Address code =
        load_pointer(object.body, layout[Fact::PyGenObject_gi_iframe] +
                                      layout[Fact::_PyInterpreterFrame_f_executable]);
    sink.add(stack_ref(code, layout).to, ReferenceKind::collector,
             frame_names(object.type->shape).code);
  }
}

}  // namespace heapglass
