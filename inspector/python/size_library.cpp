// __sizeof__ of the extension types that have their own, as their C code computes it, and what they
// hold in blocks besides. Lengths that do not fit the mapping they would lie in count as 0.
#include <algorithm>
#include <cstring>

#include "inspector/python/bytes.h"
#include "inspector/python/size.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kWord = sizeof(Address);

std::uint64_t fact(const Layout& layout, Fact which) {
  return static_cast<std::uint64_t>(layout[which]);
}

OwnSize body_only(const Object& object) {
  return {static_cast<std::uint64_t>(object.type->basicsize), 0};
}

// A block of `count` items of `item` bytes at `block`: in the result and outside.
void add_block(OwnSize& size, Address block, std::uint64_t count, std::uint64_t item,
               const Decoders& decoders) {
  if (block == 0 || count == 0 || item == 0) return;
  if (count > decoders.mirror.room(block) / item) return decoders.fault(Fault::absurd_size);
  size.sizeof_result += count * item;
  size.own(count * item);
}

// `count` separate blocks of `bytes`, the first at `block`: in the result and outside. So many as
// all the memory there is cannot hold are absurd.
void add_blocks(OwnSize& size, Address block, std::uint64_t count, std::uint64_t bytes,
                const Decoders& decoders) {
  if (count > decoders.mirror.room(block) / bytes) {  // rarely more than lie behind the first
    std::uint64_t all = 0;
    for (const auto& segment : decoders.mirror.segments()) all += segment.range.size();
    if (count > all / bytes) return decoders.fault(Fault::absurd_size);
  }
  size.sizeof_result += count * bytes;
  size.own(bytes, count);
}

void add_c_string(OwnSize& size, Address text, const Decoders& decoders) {
  constexpr std::size_t kMost = 1 << 20;
  if (text == 0) return;
  const auto characters = decoders.mirror.c_string(text, kMost);
  if (!characters) return decoders.unreadable(text);
  add_block(size, text, characters->size() + 1, 1, decoders);
}

std::uint64_t bytes_size(Address bytes, const Decoders& decoders) {
  return fact(decoders.layout, Fact::PyBytesObject_ob_sval) + length_of(bytes, decoders) + 1;
}

OwnSize deque(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  const std::uint64_t items =
      (fact(layout, Fact::block_rightlink) - fact(layout, Fact::block_data)) / kWord;
  const auto left = load<std::uint64_t>(object.body, layout[Fact::dequeobject_leftindex]);
  const auto length = static_cast<std::uint64_t>(object.ob_size(layout));
  if (left > items) {
    decoders.fault(Fault::absurd_size);
    return size;
  }
  const std::uint64_t blocks = length / items + (left + length % items + items - 1) / items;
  add_blocks(size, load_pointer(object.body, layout[Fact::dequeobject_leftblock]), blocks,
             fact(layout, Fact::sizeof_block), decoders);
  return size;
}

OwnSize array(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  const Address description = load_pointer(object.body, layout[Fact::arrayobject_ob_descr]);
  const std::int32_t itemsize = layout[Fact::arraydescr_itemsize];
  const std::byte* bytes =
      decoders.mirror.at(description, static_cast<std::size_t>(itemsize) + sizeof(std::int32_t));
  if (bytes == nullptr) {
    decoders.unreadable(description);
    return size;
  }
  const auto item = load<std::int32_t>(bytes, itemsize);
  if (item < 1 || item > 8) {
    decoders.fault(Fault::bad_table);
    return size;
  }
  add_block(size, load_pointer(object.body, layout[Fact::arrayobject_ob_item]),
            load<std::uint64_t>(object.body, layout[Fact::arrayobject_allocated]),
            static_cast<std::uint64_t>(item), decoders);
  return size;
}

OwnSize odict(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = dict_sizeof(object, decoders);
  add_block(size, load_pointer(object.body, layout[Fact::PyODictObject_od_fast_nodes]),
            load<std::uint64_t>(object.body, layout[Fact::PyODictObject_od_fast_nodes_size]), kWord,
            decoders);
  const Address first = load_pointer(object.body, layout[Fact::PyODictObject_od_first]);
  if (first == 0) return size;
  add_blocks(size, first, load<std::uint64_t>(object.body, layout[Fact::PyDictObject_ma_used]),
             fact(layout, Fact::sizeof__odictnode), decoders);
  return size;
}

// The shape of an array type of ctypes: a number for each of its dimensions.
void add_dimensions(OwnSize& size, std::int32_t dimensions) {
  constexpr std::int32_t kMostDimensions = 1 << 16;
  if (dimensions <= 0 || dimensions >= kMostDimensions) return;
  const std::uint64_t bytes = static_cast<std::uint64_t>(dimensions) * kWord;
  size.sizeof_result += bytes;
  size.own(bytes);
}

// The dict's formula counts the whole struct already, and is added to once more.
OwnSize ctypes_dict(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = dict_sizeof(object, decoders);
  if (!layout.since(Fact::since_ctypes_dict_sizeof)) return size;
  size.sizeof_result +=
      fact(layout, Fact::sizeof_StgDictObject) - fact(layout, Fact::sizeof_PyDictObject);
  add_c_string(size, load_pointer(object.body, layout[Fact::StgDictObject_format]), decoders);
  add_dimensions(size, load<std::int32_t>(object.body, layout[Fact::StgDictObject_ndim]));
  const Address elements =
      load_pointer(object.body, layout[Fact::StgDictObject_ffi_type_pointer_elements]);
  add_block(size, elements,
            load<std::uint64_t>(object.body, layout[Fact::StgDictObject_length]) + 1, kWord,
            decoders);
  return size;
}

// 3.13+, CType_Type.__sizeof__: the metatype's struct, and what its StgInfo points to.
OwnSize ctypes_type(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  const std::byte* info = stg_info(object, decoders);
  if (info == nullptr) return size;
  add_c_string(size, load_pointer(info, layout[Fact::StgInfo_format]), decoders);
  add_dimensions(size, load<std::int32_t>(info, layout[Fact::StgInfo_ndim]));
  add_block(size, load_pointer(info, layout[Fact::StgInfo_ffi_type_pointer_elements]),
            load<std::uint64_t>(info, layout[Fact::StgInfo_length]) + 1, kWord, decoders);
  return size;
}

// getsizeof of the bytes object inside is counted where nobody else refers to it.
OwnSize bytesio(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  const Address buffer = load_pointer(object.body, layout[Fact::bytesio_buf]);
  const std::byte* head =
      decoders.mirror.at(buffer, static_cast<std::size_t>(layout[Fact::sizeof_PyObject]));
  if (head == nullptr) return size;
  const RefcountValue count = refcount_of(head, layout);
  if (!count.immortal && count.count <= 1) size.sizeof_result += bytes_size(buffer, decoders);
  return size;
}

// What it has written as code points, not counted by __sizeof__.
OwnSize stringio(const Object& object, const Decoders& decoders) {
  constexpr std::uint64_t kCodePoint = 4;
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  add_block(size, load_pointer(object.body, layout[Fact::stringio_buf]),
            load<std::uint64_t>(object.body, layout[Fact::stringio_buf_size]), kCodePoint,
            decoders);
  size.sizeof_result = static_cast<std::uint64_t>(object.type->basicsize);
  return size;
}

OwnSize buffered(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  add_block(size, load_pointer(object.body, layout[Fact::buffered_buffer]),
            load<std::uint64_t>(object.body, layout[Fact::buffered_buffer_size]), 1, decoders);
  return size;
}

OwnSize product(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  add_block(size, load_pointer(object.body, layout[Fact::productobject_indices]),
            length_of(load_pointer(object.body, layout[Fact::productobject_pools]), decoders),
            kWord, decoders);
  return size;
}

// An index for each item chosen; permutations have one for each item of the pool besides.
OwnSize combinations(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  const auto chosen = [&](Fact block, Fact count) {
    add_block(size, load_pointer(object.body, layout[block]),
              load<std::uint64_t>(object.body, layout[count]), kWord, decoders);
  };
  // Subclasses have their base's struct.
  const TypeInfo* type = object.type->traverses != nullptr ? object.type->traverses : object.type;
  if (type->name == "itertools.permutations") {
    chosen(Fact::permutationsobject_cycles, Fact::permutationsobject_r);
    add_block(size, load_pointer(object.body, layout[Fact::permutationsobject_indices]),
              length_of(load_pointer(object.body, layout[Fact::permutationsobject_pool]), decoders),
              kWord, decoders);
  } else if (type->name == "itertools.combinations") {
    chosen(Fact::combinationsobject_indices, Fact::combinationsobject_r);
  } else {
    chosen(Fact::cwrobject_indices, Fact::cwrobject_r);
  }
  return size;
}

// An array of formatcode that ends in one without fmtdef.
OwnSize struct_codes(const Object& object, const Decoders& decoders) {
  constexpr std::uint64_t kMostCodes = 1 << 20;
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  const Address codes = load_pointer(object.body, layout[Fact::PyStructObject_s_codes]);
  const std::uint64_t stride = fact(layout, Fact::sizeof__formatcode);
  for (std::uint64_t count = 0; count < kMostCodes; ++count) {
    const std::byte* code = decoders.mirror.at(codes + count * stride, stride);
    if (code == nullptr) break;
    if (load_pointer(code, layout[Fact::_formatcode_fmtdef]) == 0) {
      add_block(size, codes, count + 1, stride, decoders);
      return size;
    }
  }
  decoders.fault(Fault::broken_chain);
  return size;
}

OwnSize decimal(const Object& object, const Decoders& decoders) {
  constexpr std::uint8_t kDataElsewhere = 0x20 | 0x40 | 0x80;  // mpdecimal.h, MPD_DATAFLAGS
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  if (load<std::uint8_t>(object.body, layout[Fact::PyDecObject_dec_flags]) & kDataElsewhere) {
    return size;
  }
  add_block(size, load_pointer(object.body, layout[Fact::PyDecObject_dec_data]),
            load<std::uint64_t>(object.body, layout[Fact::PyDecObject_dec_alloc]), kWord, decoders);
  return size;
}

OwnSize pickler(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  const Address memo = load_pointer(object.body, layout[Fact::PicklerObject_memo]);
  const std::uint64_t head = fact(layout, Fact::sizeof_PyMemoTable);
  if (const std::byte* table = decoders.mirror.at(memo, head)) {
    size.sizeof_result += head;
    size.own(head);
    add_block(size, load_pointer(table, layout[Fact::PyMemoTable_mt_table]),
              load<std::uint64_t>(table, layout[Fact::PyMemoTable_mt_allocated]),
              fact(layout, Fact::sizeof_PyMemoEntry), decoders);
  }
  const Address output = load_pointer(object.body, layout[Fact::PicklerObject_output_buffer]);
  if (output != 0) size.sizeof_result += bytes_size(output, decoders);
  return size;
}

OwnSize unpickler(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  const auto table = [&](Fact block, Fact count) {
    add_block(size, load_pointer(object.body, layout[block]),
              load<std::uint64_t>(object.body, layout[count]), kWord, decoders);
  };
  table(Fact::UnpicklerObject_memo, Fact::UnpicklerObject_memo_size);
  table(Fact::UnpicklerObject_marks, Fact::UnpicklerObject_marks_size);
  for (const Fact text : {Fact::UnpicklerObject_input_line, Fact::UnpicklerObject_encoding,
                          Fact::UnpicklerObject_errors}) {
    add_c_string(size, load_pointer(object.body, layout[text]), decoders);
  }
  return size;
}

OwnSize pickle_stack(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  // Its items are counted as if they stood in the body, being ob_size of tp_itemsize.
  OwnSize size = body_only(object);
  add_block(size, load_pointer(object.body, layout[Fact::Pdata_data]),
            static_cast<std::uint64_t>(object.ob_size(layout)), kWord, decoders);
  size.inside = static_cast<std::uint64_t>(object.type->basicsize);
  return size;
}

OwnSize element(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  const Address extra = load_pointer(object.body, layout[Fact::ElementObject_extra]);
  const std::uint64_t head = fact(layout, Fact::sizeof_ElementObjectExtra);
  const std::byte* bytes = extra == 0 ? nullptr : decoders.mirror.at(extra, head);
  if (bytes == nullptr) return size;
  size.sizeof_result += head;
  size.own(head);
  const Address children = load_pointer(bytes, layout[Fact::ElementObjectExtra_children]);
  if (children != extra + fact(layout, Fact::ElementObjectExtra__children)) {
    add_block(size, children,
              load<std::uint64_t>(bytes, layout[Fact::ElementObjectExtra_allocated]), kWord,
              decoders);
  }
  return size;
}

// The ring of 3.13 and later; __sizeof__ counts it since 3.15.
OwnSize simple_queue(const Object& object, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  OwnSize size = body_only(object);
  if (!layout.has(Fact::simplequeueobject_buf_items)) return size;
  const std::uint64_t without = size.sizeof_result;
  add_block(size, load_pointer(object.body, layout[Fact::simplequeueobject_buf_items]),
            load<std::uint64_t>(object.body, layout[Fact::simplequeueobject_buf_items_cap]),
            sizeof(Address), decoders);
  if (!layout.since(Fact::since_simple_queue_sizeof)) size.sizeof_result = without;
  return size;
}

}  // namespace

std::uint64_t length_of(Address other, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const std::byte* body =
      decoders.mirror.at(other, static_cast<std::size_t>(layout[Fact::sizeof_PyVarObject]));
  if (body == nullptr) return 0;
  const std::int64_t length = load_ssize(body, layout[Fact::PyVarObject_ob_size]);
  return length < 0 || static_cast<std::uint64_t>(length) > decoders.mirror.room(other)
             ? 0
             : static_cast<std::uint64_t>(length);
}

std::optional<OwnSize> library_sizeof(const Object& object, const Decoders& decoders) {
  switch (object.type->shape) {
    case Shape::simple_queue:
      return simple_queue(object, decoders);
    case Shape::deque:
      return deque(object, decoders);
    case Shape::array:
      return array(object, decoders);
    case Shape::odict:
      return odict(object, decoders);
    case Shape::ctypes_dict:
      return ctypes_dict(object, decoders);
    case Shape::ctypes_type:
      return ctypes_type(object, decoders);
    case Shape::bytesio:
      return bytesio(object, decoders);
    case Shape::stringio:
      return stringio(object, decoders);
    case Shape::buffered:
      return buffered(object, decoders);
    case Shape::product:
      return product(object, decoders);
    case Shape::combinations:
      return combinations(object, decoders);
    case Shape::struct_codes:
      return struct_codes(object, decoders);
    case Shape::decimal:
      return decimal(object, decoders);
    case Shape::pickler:
      return pickler(object, decoders);
    case Shape::unpickler:
      return unpickler(object, decoders);
    case Shape::pickle_stack:
      return pickle_stack(object, decoders);
    case Shape::element:
      return element(object, decoders);
    case Shape::multidict:
      return multidict_sizeof(object, decoders);
    case Shape::numpy_array:
      return numpy_array_sizeof(object, decoders);
    case Shape::numpy_scalar:
      return numpy_scalar_sizeof(object, decoders);
    default:
      return std::nullopt;
  }
}

}  // namespace heapglass
