#include "tests/support/fake_heap.h"

#include <algorithm>
#include <cstdlib>

namespace heapglass {

namespace {
constexpr std::size_t kWord = sizeof(Address);
constexpr std::size_t kAlign = 16;

Address grow(FakeMemory::Region& region, std::size_t size) {
  const Address address = region.range().end;
  region.bytes.resize(region.bytes.size() + (size + kAlign - 1) / kAlign * kAlign);
  return address;
}
}  // namespace

FakeHeap::FakeHeap(std::string_view layout_name) : layout(load_layout(layout_name)) {
  memory.add({kStaticBegin, kStaticBegin});
  memory.add({kHeapBegin, kHeapBegin});
  make_builtin_types();
  none_ = object(type("NoneType"));
}

Address FakeHeap::allocate_static(std::size_t size) { return grow(memory.regions[0], size); }
Address FakeHeap::allocate(std::size_t size) { return grow(memory.regions[1], size); }

Address FakeHeap::c_string(std::string_view text) {
  const Address address = allocate(text.size() + 1);
  std::memcpy(memory.bytes(address, text.size() + 1), text.data(), text.size());
  return address;
}

void FakeHeap::set_count(Address object, std::int64_t count) {
  if (layout.dialects.refcount == Refcount::split) {
    set(object, Fact::PyObject_ob_tid, kThread);
    set(object, Fact::PyObject_ob_ref_local, static_cast<std::uint32_t>(count));
  } else {
    set(object, Fact::PyObject_ob_refcnt, count);
  }
}

Address FakeHeap::object(Address type, std::size_t size) {
  const auto flags = memory.get<std::uint64_t>(type + offset(Fact::PyTypeObject_tp_flags));
  const std::size_t managed =
      layout.dialects.managed_dict != ManagedDict::none && (flags & kFlagManagedDict) ? 2 * kWord
                                                                                      : 0;
  const std::size_t head = flags & kFlagHaveGc ? offset(Fact::sizeof_PyGC_Head) : 0;
  if (size == 0) size = memory.get<std::uint64_t>(type + offset(Fact::PyTypeObject_tp_basicsize));
  const Address address = allocate(managed + head + size) + managed + head;
  set_count(address, 1);
  if (layout.dialects.gc_head == GcHead::in_object && (flags & kFlagHaveGc)) {
    set(address, Fact::PyObject_ob_gc_bits, std::uint8_t{1});  // tracked
  }
  set(address, Fact::PyObject_ob_type, type);
  return address;
}

Address FakeHeap::tuple(const std::vector<Address>& items, Address type) {
  const std::size_t head = offset(Fact::PyTupleObject_ob_item);
  const Address address =
      object(type == 0 ? this->type("tuple") : type, head + items.size() * kWord);
  set(address, Fact::PyVarObject_ob_size, items.size());
  for (std::size_t i = 0; i < items.size(); ++i) put(address + head + i * kWord, items[i]);
  return address;
}

Address FakeHeap::list(const std::vector<Address>& items, std::int64_t allocated) {
  if (allocated < 0) allocated = static_cast<std::int64_t>(items.size());
  const Address address = object(type("list"));
  set(address, Fact::PyVarObject_ob_size, items.size());
  set(address, Fact::PyListObject_allocated, allocated);
  if (allocated == 0) return address;
  const Address block = allocate(static_cast<std::size_t>(allocated) * kWord);
  for (std::size_t i = 0; i < items.size(); ++i) put(block + i * kWord, items[i]);
  set(address, Fact::PyListObject_ob_item, block);
  return address;
}

Address FakeHeap::integer(std::int64_t value) {
  constexpr int kDigitBits = 30;
  std::vector<std::uint32_t> digits;
  for (auto rest = static_cast<std::uint64_t>(std::llabs(value)); rest != 0; rest >>= kDigitBits) {
    digits.push_back(static_cast<std::uint32_t>(rest & ((1u << kDigitBits) - 1)));
  }
  const std::size_t head = offset(Fact::PyLongObject_long_value_ob_digit);
  const Address address = object(type("int"), head + std::max<std::size_t>(digits.size(), 1) * 4);
  for (std::size_t i = 0; i < digits.size(); ++i) put(address + head + i * 4, digits[i]);
  if (layout.has(Fact::PyLongObject_long_value_lv_tag)) {
    const std::uint64_t sign = value > 0 ? 0 : value == 0 ? 1 : 2;
    set(address, Fact::PyLongObject_long_value_lv_tag, digits.size() << 3 | sign);
  } else {
    const auto count = static_cast<std::int64_t>(digits.size());
    set(address, Fact::PyVarObject_ob_size, value < 0 ? -count : count);
  }
  return address;
}

Address FakeHeap::str_body(Fact size, std::size_t length, unsigned kind, bool ascii, bool compact) {
  const std::size_t characters = compact ? (length + 1) * kind : 0;
  const Address address = object(type("str"), offset(size) + characters);
  set(address, Fact::PyASCIIObject_length, length);
  set(address, Fact::PyASCIIObject_state,
      kind << 2 | (compact ? 1u << 5 : 0) | (ascii ? 1u << 6 : 0));
  return address;
}

void FakeHeap::put_text(Address at, std::u32string_view text, unsigned kind) {
  for (const char32_t c : text) {
    if (kind == 1) put(at, static_cast<std::uint8_t>(c));
    if (kind == 2) put(at, static_cast<std::uint16_t>(c));
    if (kind == 4) put(at, static_cast<std::uint32_t>(c));
    at += kind;
  }
}

namespace {
unsigned kind_of(char32_t widest) { return widest < 0x100 ? 1 : widest < 0x10000 ? 2 : 4; }
char32_t widest_of(std::u32string_view text) {
  return text.empty() ? 0 : *std::max_element(text.begin(), text.end());
}
}  // namespace

Address FakeHeap::str(std::u32string_view text) {
  const char32_t widest = widest_of(text);
  const bool ascii = widest < 0x80;
  const Fact head = ascii ? Fact::sizeof_PyASCIIObject : Fact::sizeof_PyCompactUnicodeObject;
  const Address address = str_body(head, text.size(), kind_of(widest), ascii, true);
  put_text(address + offset(head), text, kind_of(widest));
  return address;
}

Address FakeHeap::loose_str(std::u32string_view text) {
  const char32_t widest = widest_of(text);
  const unsigned kind = kind_of(widest);
  const Address address =
      str_body(Fact::sizeof_PyUnicodeObject, text.size(), kind, widest < 0x80, false);
  const Address block = allocate((text.size() + 1) * kind);
  put_text(block, text, kind);
  set(address, Fact::PyUnicodeObject_data, block);
  return address;
}

Address FakeHeap::set_of(const std::vector<Address>& members, Address type) {
  const Address address = object(type == 0 ? this->type("set") : type);
  std::uint64_t mask = 7;  // PySet_MINSIZE - 1; the table grows when 3/5 full
  while (members.size() * 5 >= mask * 3) mask = mask * 4 + 3;
  const std::size_t stride = offset(Fact::sizeof_setentry);
  const Address table =
      mask == 7 ? address + offset(Fact::PySetObject_smalltable) : allocate((mask + 1) * stride);
  for (std::size_t i = 0; i < members.size(); ++i) {
    // Any place of the table will do: decoders do not look keys up.
    const Address entry = table + (i * 2 <= mask ? i * 2 : i * 2 - mask) * stride;
    set(entry, Fact::setentry_key, members[i]);
    set(entry, Fact::setentry_hash, std::int64_t{1000} + static_cast<std::int64_t>(i));
  }
  set(address, Fact::PySetObject_fill, members.size());
  set(address, Fact::PySetObject_used, members.size());
  set(address, Fact::PySetObject_mask, mask);
  set(address, Fact::PySetObject_table, table);
  return address;
}

Address FakeHeap::deque(const std::vector<Address>& items, std::int64_t left_index) {
  const std::size_t per_block = (offset(Fact::block_rightlink) - offset(Fact::block_data)) / kWord;
  const Address address = object(type("collections.deque"));
  auto at = static_cast<std::size_t>(left_index);
  Address block = allocate(offset(Fact::sizeof_block));
  set(address, Fact::dequeobject_leftblock, block);
  for (const Address item : items) {
    if (at == per_block) {
      const Address next = allocate(offset(Fact::sizeof_block));
      set(block, Fact::block_rightlink, next);
      set(next, Fact::block_leftlink, block);
      block = next;
      at = 0;
    }
    put(block + offset(Fact::block_data) + at++ * kWord, item);
  }
  set(address, Fact::PyVarObject_ob_size, items.size());
  set(address, Fact::dequeobject_leftindex, left_index);
  set(address, Fact::dequeobject_rightindex, static_cast<std::int64_t>(at) - 1);
  set(address, Fact::dequeobject_rightblock, block);
  return address;
}

Address FakeHeap::collector_list(const std::vector<Address>& objects) {
  const Address head = allocate(offset(Fact::sizeof_PyGC_Head));
  Address before = head;
  for (const Address object : objects) {
    const Address node = gc_head(object);
    set(before, Fact::PyGC_Head__gc_next, node);
    set(node, Fact::PyGC_Head__gc_prev, before);
    before = node;
  }
  set(before, Fact::PyGC_Head__gc_next, head);
  set(head, Fact::PyGC_Head__gc_prev, before);
  return head;
}

Runtime FakeHeap::runtime(const std::vector<Address>& lists) const {
  InterpreterState state;
  state.generations = lists;
  Runtime runtime;
  runtime.type_type = type("type");
  runtime.subtype_traverse = kSubtypeTraverse;
  runtime.lookdict = kLookdict;
  runtime.interpreters = {state};
  return runtime;
}

}  // namespace heapglass
