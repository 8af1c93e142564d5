// __sizeof__ of code, and of what runs it: frames and generators.
#include <algorithm>

#include "inspector/python/bytes.h"
#include "inspector/python/frame.h"
#include "inspector/python/size.h"
#include "inspector/python/stack_ref.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kWord = sizeof(Address);

// Up to 3.10 code has tables beside it: which cells are arguments, caches of LOAD_GLOBAL with a
// byte for each instruction, and a frame to be used again, which no reference counts.
void add_code_tables(OwnSize& size, const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const auto at = [&](Fact field) { return load_pointer(object.body, layout[field]); };
  const auto add = [&](std::uint64_t bytes) {
    size.sizeof_result += bytes;
    size.own(bytes);
  };
  if (layout.has(Fact::PyCodeObject_co_cell2arg) && at(Fact::PyCodeObject_co_cell2arg) != 0) {
    add(length_of(at(Fact::PyCodeObject_co_cellvars), decoders) * kWord);
  }
  if (layout.has(Fact::PyCodeObject_co_opcache) && at(Fact::PyCodeObject_co_opcache) != 0) {
    constexpr std::uint64_t kInstruction = 2;  // sizeof(_Py_CODEUNIT)
    add(length_of(at(Fact::PyCodeObject_co_code), decoders) / kInstruction);
    const auto entries =
        load<std::uint8_t>(object.body, layout[Fact::PyCodeObject_co_opcache_size]);
    add(entries * static_cast<std::uint64_t>(layout[Fact::sizeof__PyOpcache]));
  }
  if (!layout.has(Fact::PyCodeObject_co_zombieframe)) return;
  const Address zombie = at(Fact::PyCodeObject_co_zombieframe);
  if (zombie == 0) return;
  const auto head = static_cast<std::uint64_t>(layout[Fact::sizeof_PyGC_Head]);
  size.own(head + static_cast<std::uint64_t>(layout[Fact::sizeof_PyFrameObject]) +
           length_of(zombie, decoders) * kWord);
}

// frame.__sizeof__ up to 3.10: what its code needs, of the pointers that were allocated.
OwnSize frame_object(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size{static_cast<std::uint64_t>(object.type->basicsize), 0};
  const auto locals = frame_locals(object, decoders);
  const std::byte* code =
      decoders.mirror.at(load_pointer(object.body, layout[Fact::PyFrameObject_f_code]),
                         static_cast<std::size_t>(layout[Fact::sizeof_PyCodeObject]));
  if (!locals || code == nullptr) return size;
  const auto stack = static_cast<std::uint64_t>(
      std::max(load<std::int32_t>(code, layout[Fact::PyCodeObject_co_stacksize]), 0));
  const std::uint64_t allocated = magnitude(object.ob_size(layout));
  // sizeof(PyFrameObject) has the first of them.
  const std::uint64_t head = size.sizeof_result - kWord;
  size.sizeof_result = head + std::min(*locals + stack, allocated) * kWord;
  return size;
}

// frame.__sizeof__, generator.__sizeof__ (3.11+): up to the locals, and a pointer for each.
OwnSize with_frame(const Object& object, Fact body, Address frame, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size{static_cast<std::uint64_t>(layout[body]) +
                   static_cast<std::uint64_t>(layout[Fact::_PyInterpreterFrame_localsplus]),
               0};
  Address code = 0;
  if (body == Fact::PyGenObject_gi_iframe && layout.has(Fact::PyGenObject_gi_code)) {
    code = load_pointer(object.body, layout[Fact::PyGenObject_gi_code]);
  } else if (const std::byte* head = decoders.mirror.at(
                 frame, static_cast<std::size_t>(layout[Fact::_PyInterpreterFrame_localsplus]))) {
    code = stack_ref(load_pointer(head, layout[Fact::_PyInterpreterFrame_f_executable]), layout).to;
  }
  size.sizeof_result += frame_slots(code, decoders) * kWord;
  size.inside = size.sizeof_result;  // what stands where ob_size would be may be something else
  return size;
}

}  // namespace

// code.__sizeof__: with the block of co_extra (_PyCodeObjectExtra {ce_size, ce_extras[1]}).
OwnSize code_sizeof(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  // _PyObject_VAR_SIZE rounds up to a word.
  OwnSize size{(object_sizeof(object, decoders) + kWord - 1) / kWord * kWord, 0};
  add_code_tables(size, object, decoders);
  const Address extra = load_pointer(object.body, layout[Fact::PyCodeObject_co_extra]);
  if (extra == 0) return size;
  constexpr std::int64_t kMostExtras = 255;  // MAX_CO_EXTRA_USERS
  const std::byte* head =
      decoders.mirror.at(extra, static_cast<std::size_t>(layout[Fact::sizeof__PyCodeObjectExtra]));
  if (head == nullptr) return size;
  const std::int64_t count = load_ssize(head, layout[Fact::_PyCodeObjectExtra_ce_size]);
  if (count < 1 || count > kMostExtras) return size;
  const std::uint64_t bytes = static_cast<std::uint64_t>(layout[Fact::sizeof__PyCodeObjectExtra]) +
                              static_cast<std::uint64_t>(count - 1) * kWord;
  size.sizeof_result += bytes;
  size.own(bytes);
  return size;
}

OwnSize frame_sizeof(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyFrameObject_f_frame)) return frame_object(object, decoders);
  return with_frame(object, Fact::PyFrameObject__f_frame_data,
                    load_pointer(object.body, layout[Fact::PyFrameObject_f_frame]), decoders);
}

std::optional<OwnSize> generator_sizeof(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyGenObject_gi_iframe)) return std::nullopt;
  return with_frame(object, Fact::PyGenObject_gi_iframe,
                    object.address + static_cast<Address>(layout[Fact::PyGenObject_gi_iframe]),
                    decoders);
}

}  // namespace heapglass
