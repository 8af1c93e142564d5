#include "inspector/python/roots_frames.h"

#include <algorithm>

#include "inspector/python/bytes.h"
#include "inspector/python/code_lines.h"
#include "inspector/python/frame.h"
#include "inspector/python/line_table.h"
#include "inspector/python/short_path.h"
#include "inspector/python/stack_ref.h"
#include "inspector/python/text.h"

namespace heapglass {

namespace {

constexpr std::size_t kMostFrames = std::size_t{1} << 20;
constexpr std::size_t kMostCodes = std::size_t{1} << 16;  // remembered at a time
constexpr std::size_t kLongestName = 200;                 // code points
constexpr std::size_t kLongestPath = 1024;
constexpr std::int64_t kWord = sizeof(Address);
constexpr std::uint32_t kNoName = UINT32_MAX;

std::uint64_t count_at(const std::byte* body, std::int32_t offset) {
  return static_cast<std::uint64_t>(std::max(load<std::int32_t>(body, offset), 0));
}

}  // namespace

std::span<const std::byte> FrameReader::names_of(const Object& code) const {
  const Layout& layout = decoders_.layout;
  const auto tuple = open_object(
      load_pointer(code.body, layout[Fact::PyCodeObject_co_localsplusnames]), decoders_);
  if (!tuple || tuple->type->shape != Shape::tuple) return {};
  const Address items = tuple->address + static_cast<Address>(layout[Fact::PyTupleObject_ob_item]);
  const auto count = static_cast<std::uint64_t>(tuple->ob_size(layout));
  if (count > decoders_.mirror.room(items) / sizeof(Address)) return {};
  const std::byte* pointers = decoders_.mirror.at(items, count * sizeof(Address));
  if (pointers == nullptr) return {};
  return {pointers, count * sizeof(Address)};
}

std::uint32_t FrameReader::slot_name(const Code& code, Place& place, std::uint64_t i) {
  if (i >= place.slots.size()) place.slots.resize(i + 1, kNoName);
  std::uint32_t& known = place.slots[i];
  if (known != kNoName) return known;
  if (i >= code.locals) {
    return known = writer_.name(place.name + " stack " + std::to_string(i - code.locals));
  }
  std::optional<std::string> text;
  if (i < code.names.size() / sizeof(Address)) {
    text = read_text(load_pointer(code.names.data(), static_cast<std::int64_t>(i) * kWord),
                     decoders_.layout, decoders_.mirror, kLongestName);
  }
  return known = writer_.name(place.name + " local " + text.value_or("?"));
}

FrameReader::Code* FrameReader::code_of(Address address) {
  if (const auto known = codes_.find(address); known != codes_.end()) return &known->second;
  const Layout& layout = decoders_.layout;
  const auto object = open_object(address, decoders_);
  if (!object || object->type->name != "code") return nullptr;
  const auto text = [&](Fact fact, std::size_t limit) {
    return read_text(load_pointer(object->body, layout[fact]), layout, decoders_.mirror, limit)
        .value_or("?");
  };
  if (codes_.size() >= kMostCodes) codes_.clear();
  Code& code = codes_[address];
  code.function = text(layout.has(Fact::PyCodeObject_co_qualname) ? Fact::PyCodeObject_co_qualname
                                                                  : Fact::PyCodeObject_co_name,
                       kLongestName);
  if (code.function != "<module>") code.function += "()";
  code.file = short_path(text(Fact::PyCodeObject_co_filename, kLongestPath));
  code.first_line = load<std::int32_t>(object->body, layout[Fact::PyCodeObject_co_firstlineno]);
  code.table = line_table_of(*object, decoders_);
  code.stack = count_at(object->body, layout[Fact::PyCodeObject_co_stacksize]);
  if (layout.has(Fact::PyCodeObject_co_nlocalsplus)) {
    code.locals = count_at(object->body, layout[Fact::PyCodeObject_co_nlocalsplus]);
    code.names = names_of(*object);
  }
  return &code;
}

FrameReader::Place& FrameReader::place_of(Code& code, std::string_view label,
                                          std::int64_t position) {
  const auto [at, fresh] = code.places.try_emplace(position);
  Place& place = at->second;
  if (!fresh) return place;
  place.name.append(label).append(" frame ").append(code.function).append(" at ").append(code.file);
  if (code.table.size() <= table_bytes_left_) {
    table_bytes_left_ -= code.table.size();
    const auto line =
        line_at(decoders_.layout.dialects.line_table, code.table, code.first_line, position);
    if (line) place.name.append(":").append(std::to_string(*line));
  }
  place.index = writer_.name(place.name);
  return place;
}

bool FrameReader::enter(Address frame) {
  if (seen_.size() < kMostFrames && slots_left_ != 0 && seen_.insert(frame).second) return true;
  decoders_.fault(Fault::broken_chain);
  return false;
}

Address FrameReader::innermost(Address thread) const {
  const Layout& layout = decoders_.layout;
  const auto pointer = [&](Address base, Fact fact) {
    const Address at = base + static_cast<Address>(layout[fact]);
    const std::byte* bytes = decoders_.mirror.at(at, sizeof(Address));
    if (bytes == nullptr) decoders_.unreadable(at);
    return bytes == nullptr ? 0 : load_pointer(bytes);
  };
  if (layout.has(Fact::PyThreadState_current_frame)) {
    return pointer(thread, Fact::PyThreadState_current_frame);
  }
  if (!layout.has(Fact::_PyCFrame_current_frame)) return pointer(thread, Fact::PyThreadState_frame);
  const Address cframe = pointer(thread, Fact::PyThreadState_cframe);
  return cframe == 0 ? 0 : pointer(cframe, Fact::_PyCFrame_current_frame);
}

void FrameReader::read(Address thread, std::string_view label) {
  codes_.clear();  // names of places say which thread
  const bool objects = !decoders_.layout.has(Fact::_PyInterpreterFrame_previous);
  for (Address frame = innermost(thread); frame != 0 && enter(frame);) {
    writer_.begin_frame();
    frame = objects ? read_frame_object(frame, label) : read_frame(frame, label);
    writer_.end_frame();
  }
}

Address FrameReader::read_frame(Address frame, std::string_view label) {
  const Layout& layout = decoders_.layout;
  const std::byte* head = decoders_.mirror.at(
      frame, static_cast<std::size_t>(layout[Fact::_PyInterpreterFrame_localsplus]));
  if (head == nullptr) {
    decoders_.unreadable(frame);
    return 0;
  }
  const Address previous = load_pointer(head, layout[Fact::_PyInterpreterFrame_previous]);
  const auto owner =
      static_cast<FrameOwner>(load<std::int8_t>(head, layout[Fact::_PyInterpreterFrame_owner]));
  if (owner >= FrameOwner::c_stack) return previous;
  const auto reference = [&](Fact fact) {
    return stack_ref(load_pointer(head, layout[fact]), layout);
  };
  const Address executable = reference(Fact::_PyInterpreterFrame_f_executable).to;
  Code* code = code_of(executable);
  if (code == nullptr) {
    decoders_.fault(Fault::bad_table);
    return previous;
  }
  Place& place = place_of(*code, label, instruction_position(head, executable, decoders_));

  // A generator shows these of its frame itself (visit_interpreter_frame).
  const bool of_generator = owner == FrameOwner::generator;
  const RootHold hold = of_generator ? RootHold::borrowed : RootHold::owned;
  for (const Fact fact :
       {Fact::_PyInterpreterFrame_f_funcobj, Fact::_PyInterpreterFrame_f_executable}) {
    const StackRef held = reference(fact);
    writer_.add(held.to, RootKind::frame, held.counted ? hold : RootHold::borrowed, place.index);
  }
  for (const Fact fact :
       {Fact::_PyInterpreterFrame_f_locals, Fact::_PyInterpreterFrame_frame_obj}) {
    writer_.add(load_pointer(head, layout[fact]), RootKind::frame, hold, place.index);
  }
  writer_.add(load_pointer(head, layout[Fact::_PyInterpreterFrame_f_globals]), RootKind::frame,
              RootHold::borrowed, place.index);
  if (of_generator) {
    writer_.add(frame - static_cast<Address>(layout[Fact::PyGenObject_gi_iframe]), RootKind::frame,
                RootHold::borrowed, place.index);
  }
  read_slots(frame, head, *code, of_generator, place);
  return previous;
}

void FrameReader::read_slots(Address frame, const std::byte* head, const Code& code,
                             bool of_generator, Place& place) {
  const Layout& layout = decoders_.layout;
  const std::optional<std::uint64_t> in_use = slots_in_use(frame, head, layout);
  const bool known = in_use.has_value();
  const std::uint64_t most = code.locals + code.stack;
  const std::uint64_t count = in_use.value_or(most);
  if (count > most || count > slots_left_) {
    slots_left_ = count > most ? slots_left_ : 0;
    return decoders_.fault(Fault::absurd_size);
  }
  slots_left_ -= count;
  const Address first = frame + static_cast<Address>(layout[Fact::_PyInterpreterFrame_localsplus]);
  const std::byte* slots = decoders_.mirror.at(first, count * sizeof(Address));
  if (slots == nullptr) return decoders_.unreadable(first, count * sizeof(Address));
  // A generator shows what is in its frame where it knows how much.
  const RootHold hold = of_generator && known ? RootHold::borrowed : RootHold::owned;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto [to, counted] =
        stack_ref(load_pointer(slots, static_cast<std::int64_t>(i) * kWord), layout);
    if (to == 0) continue;
    const bool certain = known || i < code.locals;
    writer_.add(to, RootKind::frame,
                !certain  ? RootHold::inferred
                : counted ? hold
                          : RootHold::borrowed,
                slot_name(code, place, i));
  }
}

Address FrameReader::read_frame_object(Address frame, std::string_view label) {
  const Layout& layout = decoders_.layout;
  const auto object = open_object(frame, decoders_);
  Code* code = object && object->type->name == "frame"
                   ? code_of(load_pointer(object->body, layout[Fact::PyFrameObject_f_code]))
                   : nullptr;
  if (code == nullptr) {
    decoders_.fault(Fault::bad_table);
    return 0;
  }
  std::int64_t position = load<std::int32_t>(object->body, layout[Fact::PyFrameObject_f_lasti]);
  if (layout.dialects.line_table == LineTable::ranges) position *= 2;  // it counts code units there
  Place& place = place_of(*code, label, position);

  // The C code that runs it owns it, or the generator whose frame it is.
  const Address generator = load_pointer(object->body, layout[Fact::PyFrameObject_f_gen]);
  writer_.add(frame, RootKind::frame, generator == 0 ? RootHold::owned : RootHold::borrowed,
              place.index);
  writer_.add(generator, RootKind::frame, RootHold::borrowed, place.index);
  read_stack(load_pointer(object->body, layout[Fact::PyFrameObject_f_valuestack]), *code, place);
  return load_pointer(object->body, layout[Fact::PyFrameObject_f_back]);
}

void FrameReader::read_stack(Address stack, const Code& code, Place& place) {
  if (code.stack > slots_left_) {
    slots_left_ = 0;
    return decoders_.fault(Fault::absurd_size);
  }
  slots_left_ -= code.stack;
  const std::byte* slots = decoders_.mirror.at(stack, code.stack * sizeof(Address));
  if (slots == nullptr) return decoders_.unreadable(stack, code.stack * sizeof(Address));
  for (std::uint64_t i = 0; i < code.stack; ++i) {
    const Address to = load_pointer(slots, static_cast<std::int64_t>(i) * kWord);
    if (to == 0) continue;
    writer_.add(to, RootKind::frame, RootHold::inferred, slot_name(code, place, code.locals + i));
  }
}

}  // namespace heapglass
