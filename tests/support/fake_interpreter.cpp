#include "tests/support/fake_interpreter.h"

namespace heapglass {

namespace {
constexpr std::size_t kWord = sizeof(Address);
constexpr std::int32_t kFirstLine = 7;
constexpr std::size_t kThreadState = 1024;

// One range, or entry, that gives the whole code its first line.
std::string_view line_table(LineTable kind) {
  switch (kind) {
    case LineTable::lnotab:
      return {"", 0};
    case LineTable::ranges:
      return {"\x40\x00", 2};
    case LineTable::locations:
      return {"\x87\x00\x00", 3};  // short form, eight code units
  }
  return {};
}

// Behind the last field that anything here names.
std::size_t state_size(const Layout& layout) {
  std::size_t size = 0;
  for (std::uint16_t i = 0; i < static_cast<std::uint16_t>(Fact::count); ++i) {
    const Fact fact{i};
    if (fact_name(fact).starts_with("PyInterpreterState.") && layout.has(fact)) {
      size = std::max(size, static_cast<std::size_t>(layout[fact]));
    }
  }
  return size + 4096;
}
}  // namespace

FakeInterpreter::FakeInterpreter(std::string_view layout_name) : heap(layout_name) {
  const auto type = [&](const char* name, Fact size) {
    heap.static_type(name, heap.type("object"), heap.layout[size], 0, kFlagHaveGc);
  };
  type("code", Fact::sizeof_PyCodeObject);
  type("frame", Fact::sizeof_PyFrameObject);
  type("generator", Fact::sizeof_PyGenObject);
  type("module", Fact::sizeof_PyModuleObject);
  state = heap.allocate(state_size(heap.layout));
  runtime = heap.runtime({});
  runtime.interpreters[0].address = state;
  if (heap.layout.has(Fact::PyDictKeysObject_dk_log2_size)) module("", {});
}

Address FakeInterpreter::module(std::string_view name, const FakeHeap::Items& globals) {
  const Address module = heap.object(heap.type("module"));
  heap.set(module, Fact::PyModuleObject_md_dict, heap.dict(globals));
  if (!name.empty()) in_modules_.emplace_back(heap.str(name), module);
  heap.set(state, Fact::PyInterpreterState_imports_modules, heap.dict(in_modules_));
  return module;
}

Address FakeInterpreter::modules() {
  return heap.pointer(state, Fact::PyInterpreterState_imports_modules);
}

Address FakeInterpreter::code(const Code& spec) {
  const Address code = heap.object(heap.type("code"), heap.offset(Fact::sizeof_PyCodeObject) + 64);
  const bool qualified = heap.layout.has(Fact::PyCodeObject_co_qualname);
  heap.set(code, qualified ? Fact::PyCodeObject_co_qualname : Fact::PyCodeObject_co_name,
           heap.str(spec.function));
  heap.set(code, Fact::PyCodeObject_co_filename, heap.str(spec.file));
  heap.set(code, Fact::PyCodeObject_co_firstlineno, kFirstLine);
  heap.set(code, Fact::PyCodeObject_co_stacksize, spec.stack);
  const LineTable kind = heap.layout.dialects.line_table;
  const std::string_view table = line_table(kind);
  const Address bytes =
      heap.object(heap.type("bytes"), heap.offset(Fact::PyBytesObject_ob_sval) + table.size() + 1);
  heap.set(bytes, Fact::PyVarObject_ob_size, table.size());
  std::memcpy(heap.memory.bytes(bytes + heap.offset(Fact::PyBytesObject_ob_sval), table.size()),
              table.data(), table.size());
  heap.set(
      code,
      kind == LineTable::lnotab ? Fact::PyCodeObject_co_lnotab : Fact::PyCodeObject_co_linetable,
      bytes);
  if (!heap.layout.has(Fact::PyCodeObject_co_nlocalsplus)) return code;
  std::vector<Address> names;
  for (const std::string& local : spec.locals) names.push_back(heap.str(local));
  heap.set(code, Fact::PyCodeObject_co_nlocalsplus, static_cast<std::int32_t>(names.size()));
  heap.set(code, Fact::PyCodeObject_co_localsplusnames, heap.tuple(names));
  return code;
}

void FakeInterpreter::fill_frame(Address frame, Address code, const std::vector<Address>& slots,
                                 std::int32_t stacktop) {
  heap.set(frame, Fact::_PyInterpreterFrame_f_executable, code);
  heap.set(frame, Fact::_PyInterpreterFrame_stacktop, stacktop);
  heap.set(frame, Fact::_PyInterpreterFrame_instr_ptr,
           code + heap.offset(Fact::PyCodeObject_co_code_adaptive) + 4);
  const Address first = frame + heap.offset(Fact::_PyInterpreterFrame_localsplus);
  for (std::size_t i = 0; i < slots.size(); ++i) heap.put(first + i * kWord, slots[i]);
}

Address FakeInterpreter::frame(Address code, const std::vector<Address>& slots,
                               std::int32_t stacktop) {
  const Address frame = heap.allocate(heap.offset(Fact::_PyInterpreterFrame_localsplus) +
                                      std::max<std::size_t>(slots.size(), 1) * kWord);
  fill_frame(frame, code, slots, stacktop);
  own(frame, FrameOwner::thread);
  return frame;
}

Address FakeInterpreter::generator(Address code, const std::vector<Address>& slots,
                                   std::int32_t stacktop) {
  const Address inside = heap.offset(Fact::PyGenObject_gi_iframe);
  const Address generator = heap.object(
      heap.type("generator"),
      inside + heap.offset(Fact::_PyInterpreterFrame_localsplus) + slots.size() * kWord);
  fill_frame(generator + inside, code, slots, stacktop);
  own(generator + inside, FrameOwner::generator);
  return generator;
}

Address FakeInterpreter::frame_object(Address code, const std::vector<Address>& stack) {
  const Address frame = heap.object(heap.type("frame"));
  const Address slots = heap.allocate(stack.size() * kWord);
  for (std::size_t i = 0; i < stack.size(); ++i) heap.put(slots + i * kWord, stack[i]);
  heap.set(frame, Fact::PyFrameObject_f_code, code);
  heap.set(frame, Fact::PyFrameObject_f_valuestack, slots);
  heap.set(frame, Fact::PyFrameObject_f_lasti, std::int32_t{2});
  return frame;
}

Address FakeInterpreter::thread(std::uint64_t native_id, Address frame) {
  const Address thread = heap.allocate(kThreadState);
  const Layout& layout = heap.layout;
  heap.set(thread, Fact::PyThreadState_interp, state);
  if (layout.has(Fact::PyThreadState_native_thread_id)) {
    heap.set(thread, Fact::PyThreadState_native_thread_id, native_id);
  }
  heap.set(thread, Fact::PyThreadState_exc_info,
           thread + heap.offset(Fact::PyThreadState_exc_state));
  if (layout.has(Fact::PyThreadState_current_frame)) {
    heap.set(thread, Fact::PyThreadState_current_frame, frame);
  } else if (layout.has(Fact::_PyCFrame_current_frame)) {
    const Address cframe = heap.allocate(64);
    heap.set(cframe, Fact::_PyCFrame_current_frame, frame);
    heap.set(thread, Fact::PyThreadState_cframe, cframe);
  } else {
    heap.set(thread, Fact::PyThreadState_frame, frame);
  }
  heap.set(thread, Fact::PyThreadState_next,
           heap.pointer(state, Fact::PyInterpreterState_threads_head));
  heap.set(state, Fact::PyInterpreterState_threads_head, thread);
  return thread;
}

}  // namespace heapglass
