#include "inspector/python/size.h"

#include <algorithm>

#include "inspector/python/bytes.h"
#include "inspector/python/dict_keys.h"
#include "inspector/python/text.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kWord = sizeof(Address);

// The length of what stands behind the body, clamped to the mapping.
std::uint64_t item_count(const Object& object, const Decoders& decoders) {
  const auto count = magnitude(object.ob_size(decoders.layout));
  const auto item = static_cast<std::uint64_t>(object.type->itemsize);
  const std::uint64_t room = decoders.mirror.room(object.address);
  if (item == 0 || count > room / item) {
    if (item != 0) decoders.fault(Fault::absurd_size);
    return 0;
  }
  return count;
}

std::uint64_t integer_digits(const Object& object, const Layout& layout) {
  if (layout.has(Fact::PyLongObject_long_value_lv_tag)) {
    return load<std::uint64_t>(object.body, layout[Fact::PyLongObject_long_value_lv_tag]) >> 3;
  }
  return magnitude(object.ob_size(layout));
}

OwnSize integer(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  constexpr std::uint64_t kDigit = 4;
  std::uint64_t digits = integer_digits(object, layout);
  if (digits > decoders.mirror.room(object.address) / kDigit) {
    decoders.fault(Fault::absurd_size);
    digits = 0;
  }
  if (layout.dialects.int_size == IntSize::at_least_one)
    digits = std::max<std::uint64_t>(digits, 1);
  const auto head = static_cast<std::uint64_t>(layout[Fact::PyLongObject_long_value_ob_digit]);
  const std::uint64_t bytes = head + digits * kDigit;
  return {bytes, 0, std::max(bytes, static_cast<std::uint64_t>(object.type->basicsize))};
}

OwnSize str(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const auto text = text_shape(object.address, layout, decoders.mirror);
  if (!text) {
    decoders.fault(Fault::absurd_size);
    return {static_cast<std::uint64_t>(object.type->basicsize), 0};
  }
  OwnSize size;
  const std::uint64_t characters = (text->length + 1) * text->kind;
  if (text->compact && text->ascii) {
    size.sizeof_result =
        static_cast<std::uint64_t>(layout[Fact::sizeof_PyASCIIObject]) + characters;
  } else if (text->compact) {
    size.sizeof_result =
        static_cast<std::uint64_t>(layout[Fact::sizeof_PyCompactUnicodeObject]) + characters;
  } else {
    size.inside = static_cast<std::uint64_t>(object.type->basicsize);
    size.sizeof_result = static_cast<std::uint64_t>(layout[Fact::sizeof_PyUnicodeObject]);
    if (text->data != 0) {
      size.sizeof_result += characters;
      size.own(characters);
    }
  }
  if (size.inside == 0) size.inside = size.sizeof_result;
  for (const std::uint64_t copy : {text->utf8_bytes, text->wstr_bytes}) {
    size.sizeof_result += copy;
    size.own(copy);
  }
  return size;
}

OwnSize list(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size{static_cast<std::uint64_t>(object.type->basicsize), 0};
  const Address items = load_pointer(object.body, layout[Fact::PyListObject_ob_item]);
  const auto allocated = load<std::uint64_t>(object.body, layout[Fact::PyListObject_allocated]);
  if (items == 0 || allocated == 0) return size;
  if (allocated > decoders.mirror.room(items) / kWord) {
    decoders.fault(Fault::absurd_size);
    return size;
  }
  size.sizeof_result += allocated * kWord;
  size.own(allocated * kWord);
  return size;
}

OwnSize dict(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size{static_cast<std::uint64_t>(object.type->basicsize), 0};
  const auto keys = read_dict_keys(load_pointer(object.body, layout[Fact::PyDictObject_ma_keys]),
                                   layout, decoders.mirror);
  if (!keys) return size;
  if (load_pointer(object.body, layout[Fact::PyDictObject_ma_values]) != 0) {
    // _PyDict_SizeOf: shared_keys_usable_size, from 3.11 on; before, USABLE_FRACTION(DK_SIZE).
    const std::uint64_t values =
        kWord * (layout.has(Fact::PyDictKeysObject_dk_log2_size) ? keys->usable + keys->entry_count
                                                                 : keys->capacity);
    size.sizeof_result += values;
    if (!values_are_embedded(object, decoders)) size.own(values);
  }
  if (keys->dk_refcnt == 1) {
    size.sizeof_result += keys->bytes;
    size.own(keys->bytes);
  }
  return size;
}

OwnSize set(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size{object_sizeof(object, decoders), 0};
  const Address table = load_pointer(object.body, layout[Fact::PySetObject_table]);
  const Address small = object.address + static_cast<Address>(layout[Fact::PySetObject_smalltable]);
  if (table == small) return size;
  const auto mask = load<std::uint64_t>(object.body, layout[Fact::PySetObject_mask]);
  const auto stride = static_cast<std::uint64_t>(layout[Fact::sizeof_setentry]);
  if (mask >= decoders.mirror.room(table) / stride) {
    decoders.fault(Fault::absurd_size);
    return size;
  }
  size.sizeof_result += (mask + 1) * stride;
  size.own((mask + 1) * stride);
  return size;
}

OwnSize bytearray(const Object& object, const Decoders& decoders) {
  OwnSize size{static_cast<std::uint64_t>(object.type->basicsize), 0};
  const auto allocated =
      load<std::uint64_t>(object.body, decoders.layout[Fact::PyByteArrayObject_ob_alloc]);
  const Address bytes =
      load_pointer(object.body, decoders.layout[Fact::PyByteArrayObject_ob_bytes]);
  if (allocated == 0) return size;
  if (allocated > decoders.mirror.room(bytes)) {
    decoders.fault(Fault::absurd_size);
    return size;
  }
  if (decoders.layout.has(Fact::PyByteArrayObject_ob_bytes_object)) {
    // An object of its own, and the zero behind its bytes.
    size.sizeof_result +=
        static_cast<std::uint64_t>(decoders.layout[Fact::PyBytesObject_ob_sval]) + 1 + allocated;
    return size;
  }
  size.sizeof_result += allocated;
  size.own(allocated);
  return size;
}

// type.__sizeof__: of a heap type its own struct, not its metatype's, and the keys of its
// instances.
OwnSize type(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  if (!(load<std::uint64_t>(object.body, layout[Fact::PyTypeObject_tp_flags]) &
        TypeTable::kHeapType)) {
    return {static_cast<std::uint64_t>(layout[Fact::sizeof_PyTypeObject]), 0};
  }
  OwnSize size{static_cast<std::uint64_t>(layout[Fact::sizeof_PyHeapTypeObject]), 0};
  const std::byte* body = decoders.mirror.at(object.address, size.sizeof_result);
  if (body == nullptr) return size;
  const Address cached = load_pointer(body, layout[Fact::PyHeapTypeObject_ht_cached_keys]);
  if (cached == 0) return size;
  if (const auto keys = read_dict_keys(cached, layout, decoders.mirror)) {
    size.sizeof_result += keys->bytes;
    size.own(keys->bytes);
  }
  return size;
}

std::optional<OwnSize> core_sizeof(const Object& object, const Decoders& decoders) {
  switch (object.type->shape) {
    case Shape::integer:
      return integer(object, decoders);
    case Shape::str:
      return str(object, decoders);
    case Shape::list:
      return list(object, decoders);
    case Shape::dict:
      return dict(object, decoders);
    case Shape::set:
      return set(object, decoders);
    case Shape::bytearray:
      return bytearray(object, decoders);
    case Shape::type:
    case Shape::ctypes_plain_type:
      return type(object, decoders);
    case Shape::ctypes_type:
      if (decoders.layout.has(Fact::sizeof_StgInfo)) return library_sizeof(object, decoders);
      return type(object, decoders);
    case Shape::code:
      return code_sizeof(object, decoders);
    case Shape::frame:
      return frame_sizeof(object, decoders);
    case Shape::generator:
    case Shape::coroutine:
    case Shape::async_generator:
      return generator_sizeof(object, decoders);
    default:
      return library_sizeof(object, decoders);
  }
}

// What stands before the object: the collector's header, and the words of a managed dict.
std::uint64_t header_bytes(const Object& object, const Layout& layout) {
  const bool counted = layout.dialects.header_size == HeaderSize::by_type
                           ? object.type->has_gc
                           : has_gc_head(object, layout);
  return (counted ? static_cast<std::uint64_t>(layout[Fact::sizeof_PyGC_Head]) : 0) +
         static_cast<std::uint64_t>(object.type->pre_header);
}

// Values of instance attributes behind the body (3.13+, _PyInlineValuesSize): a head, capacity
// pointers, and a byte for the order of insertion of each. They are there even where they are not
// valid.
std::uint64_t inline_values(const Object& object, const Decoders& decoders) {
  if (!object.type->inline_values) return 0;
  const Layout& layout = decoders.layout;
  const auto head_size = static_cast<std::uint64_t>(layout[Fact::PyDictValues_values]);
  const std::byte* head =
      decoders.mirror.at(object.address + static_cast<Address>(object.type->basicsize), head_size);
  if (head == nullptr) return 0;
  const std::uint64_t capacity = load<std::uint8_t>(head, layout[Fact::PyDictValues_capacity]);
  return head_size + capacity * kWord + (capacity + kWord - 1) / kWord * kWord;
}

// Values of instance attributes that stand in their own block (3.11, 3.12: new_values).
std::uint64_t values_block(const Object& object, const Decoders& decoders) {
  const ManagedDict managed = decoders.layout.dialects.managed_dict;
  if (!object.type->managed_dict ||
      (managed != ManagedDict::pair && managed != ManagedDict::tagged)) {
    return 0;
  }
  const std::byte* before = decoders.mirror.at(object.address - 4 * kWord, 4 * kWord);
  if (before == nullptr) return 0;
  Address values = 0;
  if (managed == ManagedDict::pair) {
    values = load_pointer(before);
  } else if (const Address word = load_pointer(before, kWord); word & 1) {
    values = word + 1;
  }
  if (values == 0) return 0;
  const std::byte* prefix = decoders.mirror.at(values - 1, 1);
  if (prefix == nullptr) return 0;
  // The prefix is size + 2 bytes, one for the order of insertion of each value, rounded up to
  // words.
  const auto prefix_size = load<std::uint8_t>(prefix);
  return block_size(prefix_size + kWord * object.type->values_capacity);
}

}  // namespace

std::uint64_t object_sizeof(const Object& object, const Decoders& decoders) {
  const TypeInfo& type = *object.type;
  const auto body = static_cast<std::uint64_t>(type.basicsize);
  if (type.itemsize == 0) return body;
  return body + item_count(object, decoders) * static_cast<std::uint64_t>(type.itemsize);
}

OwnSize dict_sizeof(const Object& object, const Decoders& decoders) {
  return dict(object, decoders);
}

ObjectSize size_of(const Object& object, const Decoders& decoders) {
  const std::optional<OwnSize> own = core_sizeof(object, decoders);
  const std::uint64_t inside = own ? own->sizeof_result : object_sizeof(object, decoders);
  ObjectSize size;
  size.bytes = inside + header_bytes(object, decoders.layout);
  const std::uint64_t gc_head =
      has_gc_head(object, decoders.layout)
          ? static_cast<std::uint64_t>(decoders.layout[Fact::sizeof_PyGC_Head])
          : 0;
  const std::uint64_t block = own && own->inside != 0 ? own->inside
                              : own                   ? object_sizeof(object, decoders)
                                                      : inside;
  size.block = block_size(block + gc_head + static_cast<std::uint64_t>(object.type->pre_header) +
                          inline_values(object, decoders));
  const std::uint64_t values = values_block(object, decoders);
  size.footprint = size.block + (own ? own->outside : 0) + values;
  size.pooled = (own ? own->pooled : 0) + (values <= kMostPooled ? values : 0);
  return size;
}

}  // namespace heapglass
