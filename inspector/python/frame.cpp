#include "inspector/python/frame.h"

#include <algorithm>

#include "inspector/python/stack_ref.h"
#include "inspector/python/visit.h"

namespace heapglass {

std::uint64_t frame_slots(Address code, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const std::byte* body =
      decoders.mirror.at(code, static_cast<std::size_t>(layout[Fact::sizeof_PyCodeObject]));
  if (body == nullptr) return 0;
  const auto locals = load<std::int32_t>(body, layout[Fact::PyCodeObject_co_nlocalsplus]);
  const auto stack = load<std::int32_t>(body, layout[Fact::PyCodeObject_co_stacksize]);
  return static_cast<std::uint64_t>(std::max(locals, 0)) +
         static_cast<std::uint64_t>(std::max(stack, 0));
}

void visit_interpreter_frame(Address frame, const FrameNames& names, const Decoders& decoders,
                             Sink& sink) {
  const Layout& layout = decoders.layout;
  const auto head_size = static_cast<std::size_t>(layout[Fact::_PyInterpreterFrame_localsplus]);
  const std::byte* head = decoders.mirror.at(frame, head_size);
  if (head == nullptr) return decoders.unreadable(frame);
  const auto shown = [&](Fact fact, FixedName name) {
    sink.add(load_pointer(head, layout[fact]), ReferenceKind::collector, name);
  };
  shown(Fact::_PyInterpreterFrame_frame_obj, names.frame);
  shown(Fact::_PyInterpreterFrame_f_locals, names.locals);
  const auto reference = [&](Fact fact) {
    return stack_ref(load_pointer(head, layout[fact]), layout).to;
  };
  sink.add(reference(Fact::_PyInterpreterFrame_f_funcobj), ReferenceKind::collector,
           FixedName::func);
  const Address code = reference(Fact::_PyInterpreterFrame_f_executable);
  sink.add(code, ReferenceKind::collector, names.code);
  const std::uint64_t count = slots_in_use(frame, head, layout).value_or(0);
  if (count == 0) return;
  if (count > frame_slots(code, decoders)) return decoders.fault(Fault::absurd_size);
  const std::byte* locals = decoders.mirror.at(frame + head_size, count * sizeof(Address));
  if (locals == nullptr) return decoders.unreadable(frame);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Address slot = load_pointer(locals, static_cast<std::int64_t>(i * sizeof(Address)));
    const StackRef reference = stack_ref(slot, layout);
    sink.add(reference.to, reference.counted ? ReferenceKind::collector : ReferenceKind::borrowed,
             LabelKind::local, i);
  }
}

std::int64_t instruction_position(const std::byte* head, Address code, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const Address at = load_pointer(head, layout[Fact::_PyInterpreterFrame_instr_ptr]);
  const auto inside = static_cast<std::int64_t>(
      at - code - static_cast<Address>(layout[Fact::PyCodeObject_co_code_adaptive]));
  if (!layout.has(Fact::_PyInterpreterFrame_tlbc_index)) return inside;
  // Each thread runs a copy of its own; the first is the code's (_PyFrame_GetBytecode, 3.14+).
  const auto copy = load<std::int32_t>(head, layout[Fact::_PyInterpreterFrame_tlbc_index]);
  const std::byte* table =
      decoders.mirror.at(code + static_cast<Address>(layout[Fact::PyCodeObject_co_tlbc]), 8);
  if (copy <= 0 || table == nullptr) return inside;
  const Address entry =  // of _PyCodeArray: a size, and their addresses
      load_pointer(table) + sizeof(Address) * (static_cast<Address>(copy) + 1);
  const std::byte* copy_at = decoders.mirror.at(entry, sizeof(Address));
  return copy_at == nullptr ? inside : static_cast<std::int64_t>(at - load_pointer(copy_at));
}

std::optional<std::uint64_t> frame_locals(const Object& frame, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const Address first =
      frame.address + static_cast<Address>(layout[Fact::PyFrameObject_f_localsplus]);
  const Address stack = load_pointer(frame.body, layout[Fact::PyFrameObject_f_valuestack]);
  // ob_size counts what was allocated, of which a later and smaller frame may use less.
  const std::uint64_t allocated = magnitude(frame.ob_size(layout));
  if (stack < first || (stack - first) % sizeof(Address) != 0) return std::nullopt;
  const std::uint64_t locals = (stack - first) / sizeof(Address);
  if (locals > allocated || allocated > decoders.mirror.room(first) / sizeof(Address)) {
    return std::nullopt;
  }
  return locals;
}

namespace {

// frame_traverse up to 3.10: the locals, and the value stack where the frame is suspended; a
// running one keeps its top in a register.
void visit_frame_object(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  const auto locals = frame_locals(object, decoders);
  if (!locals) return decoders.fault(Fault::absurd_size);
  std::int64_t depth = 0;
  if (layout.has(Fact::PyFrameObject_f_stackdepth)) {
    depth = load<std::int32_t>(object.body, layout[Fact::PyFrameObject_f_stackdepth]);
  } else if (const Address top =
                 load_pointer(object.body, layout[Fact::PyFrameObject_f_stacktop])) {
    const Address stack = load_pointer(object.body, layout[Fact::PyFrameObject_f_valuestack]);
    depth = static_cast<std::int64_t>(top - stack) / std::int64_t{sizeof(Address)};
  }
  std::uint64_t count = *locals + static_cast<std::uint64_t>(std::max<std::int64_t>(depth, 0));
  if (count > magnitude(object.ob_size(layout))) {
    decoders.fault(Fault::absurd_size);
    count = *locals;
  }
  const Address first =
      object.address + static_cast<Address>(layout[Fact::PyFrameObject_f_localsplus]);
  const std::byte* slots = decoders.mirror.at(first, count * sizeof(Address));
  if (slots == nullptr) return decoders.unreadable(first, count * sizeof(Address));
  for (std::uint64_t i = 0; i < count; ++i) {
    sink.add(load_pointer(slots, static_cast<std::int64_t>(i * sizeof(Address))),
             ReferenceKind::collector, LabelKind::local, i);
  }
}

}  // namespace

void visit_frame(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyFrameObject_f_frame)) return visit_frame_object(object, decoders, sink);
  const Address frame = load_pointer(object.body, layout[Fact::PyFrameObject_f_frame]);
  const std::byte* head = decoders.mirror.at(
      frame, static_cast<std::size_t>(layout[Fact::_PyInterpreterFrame_localsplus]));
  if (head == nullptr) return decoders.unreadable(frame);
  const auto owner =
      static_cast<FrameOwner>(load<std::int8_t>(head, layout[Fact::_PyInterpreterFrame_owner]));
  if (owner == FrameOwner::frame_object) visit_interpreter_frame(frame, {}, decoders, sink);
}

}  // namespace heapglass
