#include "inspector/python/code_lines.h"

#include "inspector/python/bytes.h"
#include "inspector/python/frame.h"
#include "inspector/python/generator_state.h"
#include "inspector/python/line_table.h"
#include "inspector/python/stack_ref.h"

namespace heapglass {

namespace {

constexpr std::int64_t kMostTableBytes = 1 << 20;

std::optional<std::int64_t> line_of(Address code_address, std::int64_t position,
                                    const Decoders& decoders, LineBudget& budget) {
  const Layout& layout = decoders.layout;
  const auto code = open_object(code_address, decoders);
  if (!code || code->type->shape != Shape::code) return std::nullopt;
  const std::span<const std::byte> table = line_table_of(*code, decoders);
  if (table.size() > budget.bytes) return std::nullopt;
  budget.bytes -= table.size();
  return line_at(layout.dialects.line_table, table,
                 load<std::int32_t>(code->body, layout[Fact::PyCodeObject_co_firstlineno]),
                 position);
}

// The code that a frame runs, and the position of its instruction in bytes.
struct Place {
  Address code = 0;
  std::int64_t position = 0;
};

std::optional<Place> place_of_interpreter_frame(Address frame, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const std::byte* head = decoders.mirror.at(
      frame, static_cast<std::size_t>(layout[Fact::_PyInterpreterFrame_localsplus]));
  if (head == nullptr) return std::nullopt;
  const Address code =
      stack_ref(load_pointer(head, layout[Fact::_PyInterpreterFrame_f_executable]), layout).to;
  return Place{code, instruction_position(head, code, decoders)};
}

std::optional<Place> place_of(const Object& frame, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  if (layout.has(Fact::PyFrameObject_f_frame)) {
    return place_of_interpreter_frame(load_pointer(frame.body, layout[Fact::PyFrameObject_f_frame]),
                                      decoders);
  }
  std::int64_t position = load<std::int32_t>(frame.body, layout[Fact::PyFrameObject_f_lasti]);
  if (layout.dialects.line_table == LineTable::ranges) position *= 2;  // it counts code units there
  return Place{load_pointer(frame.body, layout[Fact::PyFrameObject_f_code]), position};
}

std::optional<Object> open_frame(Address address, const Decoders& decoders) {
  if (address == 0) return std::nullopt;
  const auto frame = open_object(address, decoders);
  return frame && frame->type->shape == Shape::frame ? frame : std::nullopt;
}

}  // namespace

std::span<const std::byte> line_table_of(const Object& code, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const Fact fact = layout.dialects.line_table == LineTable::lnotab
                        ? Fact::PyCodeObject_co_lnotab
                        : Fact::PyCodeObject_co_linetable;
  const auto bytes = open_object(load_pointer(code.body, layout[fact]), decoders);
  if (!bytes || bytes->type->name != "bytes") return {};
  const std::int64_t size = bytes->ob_size(layout);
  if (size < 0 || size > kMostTableBytes) return {};
  const std::byte* table =
      decoders.mirror.at(bytes->address + static_cast<Address>(layout[Fact::PyBytesObject_ob_sval]),
                         static_cast<std::size_t>(size));
  if (table == nullptr) return {};
  return {table, static_cast<std::size_t>(size)};
}

std::optional<std::int64_t> frame_line(const Object& frame, const Decoders& decoders,
                                       LineBudget& budget) {
  const auto place = place_of(frame, decoders);
  return place ? line_of(place->code, place->position, decoders, budget) : std::nullopt;
}

std::optional<std::int64_t> generator_line(const Object& generator, const Decoders& decoders,
                                           LineBudget& budget) {
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::PyGenObject_gi_iframe)) {
    const auto frame =
        open_frame(load_pointer(generator.body, layout[Fact::PyGenObject_gi_frame]), decoders);
    return frame ? frame_line(*frame, decoders, budget) : std::nullopt;
  }
  const GeneratorState state = generator_state(generator.body, layout);
  if (state == GeneratorState::completed || state == GeneratorState::cleared) return std::nullopt;
  const auto place = place_of_interpreter_frame(
      generator.address + static_cast<Address>(layout[Fact::PyGenObject_gi_iframe]), decoders);
  return place ? line_of(place->code, place->position, decoders, budget) : std::nullopt;
}

// Python/traceback.c, tb_lineno_get: it may be -1 until somebody asks for it (tb_lineno_get).
std::optional<std::int64_t> traceback_line(const Object& traceback, const Decoders& decoders,
                                           LineBudget& budget) {
  const Layout& layout = decoders.layout;
  const auto line = load<std::int32_t>(traceback.body, layout[Fact::PyTracebackObject_tb_lineno]);
  if (line >= 0) return line;
  const auto frame =
      open_frame(load_pointer(traceback.body, layout[Fact::PyTracebackObject_tb_frame]), decoders);
  const auto place = frame ? place_of(*frame, decoders) : std::nullopt;
  if (!place) return std::nullopt;
  return line_of(place->code,
                 load<std::int32_t>(traceback.body, layout[Fact::PyTracebackObject_tb_lasti]),
                 decoders, budget);
}

}  // namespace heapglass
