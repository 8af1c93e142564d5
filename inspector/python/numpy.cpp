// numpy's arrays, dtypes, scalars and ufuncs (numpy 1.17 to 2.x, tried with 1.24 and 2.x of Debian:
// numpy/core/include/numpy/ndarraytypes.h, arrayscalars.h, src/multiarray/{arrayobject,descriptor,
// scalartypes}.c, ufuncobject.h). None but ufuncs is the collector's, so that all they hold is
// owned and never shown: an array of objects, its dtype, the array that a view looks into.
#include <algorithm>
#include <vector>

#include "inspector/python/bytes.h"
#include "inspector/python/dict_items.h"
#include "inspector/python/integer.h"
#include "inspector/python/numpy_scalars.h"
#include "inspector/python/size.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

constexpr std::uint64_t kWord = sizeof(Address);

// Offsets behind PyObject, whose size is the build's.
// PyArrayObject_fields:
constexpr std::int64_t kData = 0, kNd = 8, kDimensions = 16, kBase = 32, kDescr = 40, kFlags = 48,
                       kMemHandler = 72;  // 1.22 and later
constexpr std::int32_t kOwnsData = 4;     // NPY_ARRAY_OWNDATA
constexpr std::int32_t kMostDimensions = 64;
// PyArray_Descr: in numpy 2, with flags, elsize and alignment in 64 bits, the rest is elsewhere.
constexpr std::int64_t kTypeobj = 0, kTypeNum = 12;
struct DescrFields {
  std::int64_t flags, elsize, subarray, fields, names, metadata;
};
constexpr DescrFields kDescr1{11, 16, 24, 32, 40, 56};
constexpr DescrFields kDescr2{16, 24, 72, 80, 88, 40};
constexpr std::int64_t kDescr1Size = 80;   // tp_basicsize behind PyObject
constexpr std::uint8_t kHoldsObjects = 1;  // NPY_ITEM_REFCOUNT
constexpr std::int32_t kObjectType = 17;   // NPY_OBJECT
// PyUFuncObject; up to 1.21 without the last.
constexpr std::int64_t kObj = 72, kUserloops = 80, kIdentityValue = 192, kLoops = 208;
// PyVoidScalarObject, a PyVarObject.
constexpr std::int64_t kVoidDescr = 8, kVoidBase = 24;

std::int64_t head_size(const Decoders& decoders) { return decoders.layout[Fact::sizeof_PyObject]; }

struct Descr {
  std::uint64_t elsize = 0;
  std::int32_t type_num = 0;
  bool holds_objects = false;
  Address subarray = 0, fields = 0, names = 0, metadata = 0, typeobj = 0;
};

Descr read_descr(const Object& object, const Decoders& decoders) {
  const std::int64_t head = head_size(decoders);
  const bool first = object.type->basicsize == head + kDescr1Size;
  const DescrFields& at = first ? kDescr1 : kDescr2;
  const auto pointer = [&](std::int64_t offset) {
    return load_pointer(object.body, head + offset);
  };
  Descr descr;
  descr.elsize = first ? load<std::uint32_t>(object.body, head + at.elsize)
                       : load<std::uint64_t>(object.body, head + at.elsize);
  descr.type_num = load<std::int32_t>(object.body, head + kTypeNum);
  descr.holds_objects = load<std::uint8_t>(object.body, head + at.flags) & kHoldsObjects;
  descr.typeobj = pointer(kTypeobj);
  descr.metadata = pointer(at.metadata);
  // The newer struct of a dtype that is not one of the old kinds ends here.
  if (object.type->basicsize < head + at.names + static_cast<std::int64_t>(kWord)) return descr;
  descr.subarray = pointer(at.subarray);
  descr.fields = pointer(at.fields);  // or None
  descr.names = pointer(at.names);
  return descr;
}

std::optional<Descr> descr_at(Address address, const Decoders& decoders) {
  const auto object = open_object(address, decoders);
  if (!object || object->type->shape != Shape::numpy_dtype) return std::nullopt;
  return read_descr(*object, decoders);
}

bool is_structured(const Descr& descr, const Decoders& decoders) {
  if (descr.fields == 0) return false;
  const auto fields = open_object(descr.fields, decoders);
  return fields && fields->type->shape == Shape::dict;
}

// PyArray_ArrayDescr: {base, shape}.
struct Subarray {
  Address base = 0, shape = 0;
};
Subarray read_subarray(Address address, const Decoders& decoders) {
  const std::byte* bytes = decoders.mirror.at(address, 2 * kWord);
  if (bytes == nullptr) return {};
  return {load_pointer(bytes, 0), load_pointer(bytes, kWord)};
}

// Where in one element pointers to objects stand: of a structured type, of its fields' too.
std::vector<std::uint64_t> object_offsets(const Descr& of, const Decoders& decoders) {
  constexpr std::size_t kMost = 1 << 16;
  struct Part {
    Descr descr;
    std::uint64_t offset;
  };
  std::vector<std::uint64_t> offsets;
  std::vector<Part> parts{{of, 0}};
  std::size_t looked = 0;
  while (!parts.empty() && offsets.size() < kMost && ++looked < kMost) {
    const Part part = parts.back();
    parts.pop_back();
    const Descr& descr = part.descr;
    if (!descr.holds_objects || part.offset >= of.elsize) continue;
    if (descr.subarray != 0) {
      const auto base = descr_at(read_subarray(descr.subarray, decoders).base, decoders);
      if (!base || base->elsize == 0) continue;
      const std::uint64_t count = std::min<std::uint64_t>(descr.elsize / base->elsize, kMost);
      for (std::uint64_t i = 0; i < count && parts.size() < kMost; ++i) {
        parts.push_back({*base, part.offset + i * base->elsize});
      }
    } else if (is_structured(descr, decoders)) {
      const auto items = dict_items(descr.fields, decoders);
      for (std::uint64_t i = 0;
           items && i < items->count && parts.size() < kMost && ++looked < kMost; ++i) {
        // (descr, offset) or, under both its names, (descr, offset, title).
        const Address field = items->value(i);
        const std::byte* tuple = decoders.mirror.at(
            field,
            static_cast<std::size_t>(decoders.layout[Fact::PyTupleObject_ob_item]) + 2 * kWord);
        if (field == 0 || tuple == nullptr || length_of(field, decoders) < 2) continue;
        const std::int64_t item = decoders.layout[Fact::PyTupleObject_ob_item];
        const auto inner = descr_at(load_pointer(tuple, item), decoders);
        const auto offset = read_number(load_pointer(tuple, item + std::int64_t{kWord}),
                                        decoders.layout, decoders.mirror);
        if (inner && offset && *offset < of.elsize) {
          parts.push_back({*inner, part.offset + *offset});
        }
      }
    } else if (descr.type_num == kObjectType) {
      offsets.push_back(part.offset);
    }
  }
  std::sort(offsets.begin(), offsets.end());
  offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
  return offsets;
}

struct Array {
  Address data = 0;
  std::uint64_t dimensions = 0;
  std::uint64_t count = 0;  // of elements
  Descr descr;
  bool owns_data = false;

  std::uint64_t bytes() const { return count * descr.elsize; }
};

// Counts the fault, and has no elements, where the numbers contradict each other or their mapping.
Array read_array(const Object& object, const Decoders& decoders) {
  const std::int64_t head = head_size(decoders);
  Array array;
  array.data = load_pointer(object.body, head + kData);
  array.owns_data = load<std::int32_t>(object.body, head + kFlags) & kOwnsData;
  const auto nd = load<std::int32_t>(object.body, head + kNd);
  const auto descr = descr_at(load_pointer(object.body, head + kDescr), decoders);
  if (nd < 0 || nd > kMostDimensions || !descr) {
    if (nd != 0 || array.data != 0) decoders.fault(Fault::bad_table);
    return array;
  }
  array.descr = *descr;
  array.dimensions = static_cast<std::uint64_t>(nd);
  const Address shape = load_pointer(object.body, head + kDimensions);
  const std::byte* lengths = decoders.mirror.at(shape, array.dimensions * kWord);
  if (nd != 0 && lengths == nullptr) {
    decoders.unreadable(shape, array.dimensions * kWord);
    return array;
  }
  array.count = 1;
  for (std::int32_t i = 0; i < nd; ++i) {
    if (__builtin_mul_overflow(array.count, load<std::uint64_t>(lengths, i * std::int64_t{kWord}),
                               &array.count)) {
      array.count = ~std::uint64_t{0};
    }
    if (array.count == 0) break;
  }
  const std::uint64_t room = array.owns_data ? decoders.mirror.room(array.data) : 0;
  if (array.owns_data && array.descr.elsize != 0 && array.count > room / array.descr.elsize) {
    decoders.fault(Fault::absurd_size);
    array.count = 0;
  }
  return array;
}

void add_objects(const Array& array, const Decoders& decoders, Sink& sink) {
  const std::vector<std::uint64_t> offsets = object_offsets(array.descr, decoders);
  if (offsets.empty() || array.count == 0) return;
  const std::byte* bytes = decoders.mirror.at(array.data, array.bytes());
  if (bytes == nullptr) return decoders.unreadable(array.data, array.bytes());
  const bool row = array.dimensions == 1 && !is_structured(array.descr, decoders);
  for (std::uint64_t i = 0; i < array.count; ++i) {
    for (const std::uint64_t offset : offsets) {
      if (offset + kWord > array.descr.elsize) continue;
      const auto at = static_cast<std::int64_t>(i * array.descr.elsize + offset);
      const Address item = load_pointer(bytes, at);
      if (row) {
        sink.add(item, ReferenceKind::owned, LabelKind::item, i);
      } else {
        sink.add(item, ReferenceKind::owned, FixedName::array_item);
      }
    }
  }
}

// What gentype_itemsize_get gives beside tp_basicsize: the size of the scalar's dtype.
std::uint64_t scalar_itemsize(const Object& object, const Decoders& decoders) {
  const TypeInfo* type = object.type;
  while (type->python_made && type->base != nullptr) type = type->base;
  if (type->name == "numpy.void") {
    const Address descr = load_pointer(object.body, head_size(decoders) + 8 + kVoidDescr);
    return descr_at(descr, decoders).value_or(Descr{}).elsize;
  }
  if (type->name == "numpy.bytes_") {
    const std::int64_t length = object.ob_size(decoders.layout);
    return length < 0 || static_cast<std::uint64_t>(length) > decoders.mirror.room(object.address)
               ? 0
               : static_cast<std::uint64_t>(length);
  }
  for (const NumpyScalar& scalar : kNumpyScalars) {
    if (scalar.name == type->name) return static_cast<std::uint64_t>(scalar.itemsize);
  }
  return 0;
}

}  // namespace

void visit_numpy_array(const Object& object, const Decoders& decoders, Sink& sink) {
  const std::int64_t head = head_size(decoders);
  const auto add = [&](std::int64_t offset, FixedName name) {
    sink.add(load_pointer(object.body, head + offset), ReferenceKind::owned, name);
  };
  add(kBase, FixedName::array_base);
  add(kDescr, FixedName::dtype);
  if (object.type->basicsize >= head + kMemHandler + std::int64_t{kWord}) {
    add(kMemHandler, FixedName::mem_handler);
  }
  const Array array = read_array(object, decoders);
  // A view's elements are its base's.
  if (array.owns_data && array.descr.holds_objects) add_objects(array, decoders, sink);
}

void visit_numpy_dtype(const Object& object, const Decoders& decoders, Sink& sink) {
  const Descr descr = read_descr(object, decoders);
  sink.add(descr.typeobj, ReferenceKind::owned, FixedName::dtype_type);
  sink.add(descr.fields, ReferenceKind::owned, FixedName::dtype_fields);
  sink.add(descr.names, ReferenceKind::owned, FixedName::dtype_names);
  sink.add(descr.metadata, ReferenceKind::owned, FixedName::dtype_metadata);
  if (descr.subarray == 0) return;
  const Subarray subarray = read_subarray(descr.subarray, decoders);
  sink.add(subarray.base, ReferenceKind::owned, FixedName::subdtype);
  sink.add(subarray.shape, ReferenceKind::owned, FixedName::dtype_shape);
}

// Of numpy.void: its dtype, and the array that it is an element of.
void visit_numpy_scalar(const Object& object, const Decoders& decoders, Sink& sink) {
  const TypeInfo* type = object.type;
  while (type->python_made && type->base != nullptr) type = type->base;
  if (type->name != "numpy.void") return;
  const std::int64_t head = head_size(decoders) + 8;
  sink.add(load_pointer(object.body, head + kVoidDescr), ReferenceKind::owned, FixedName::dtype);
  sink.add(load_pointer(object.body, head + kVoidBase), ReferenceKind::owned,
           FixedName::array_base);
}

// ufunc_traverse shows the function that it calls, and what it reduces nothing to.
void visit_numpy_ufunc(const Object& object, const Decoders& decoders, Sink& sink) {
  const std::int64_t head = head_size(decoders);
  const auto add = [&](std::int64_t offset, ReferenceKind kind, FixedName name) {
    if (object.type->basicsize < head + offset + static_cast<std::int64_t>(kWord)) return;
    sink.add(load_pointer(object.body, head + offset), kind, name);
  };
  add(kObj, ReferenceKind::collector, FixedName::func);
  add(kIdentityValue, ReferenceKind::collector, FixedName::ufunc_identity);
  add(kUserloops, ReferenceKind::owned, FixedName::ufunc_userloops);
  add(kLoops, ReferenceKind::owned, FixedName::ufunc_loops);
}

// array_sizeof; the lengths and strides are in one block.
OwnSize numpy_array_sizeof(const Object& object, const Decoders& decoders) {
  const Array array = read_array(object, decoders);
  OwnSize size{static_cast<std::uint64_t>(object.type->basicsize) + 2 * kWord * array.dimensions};
  size.outside = block_size(std::max<std::uint64_t>(2 * array.dimensions, 2) * kWord);
  if (array.owns_data) {
    size.sizeof_result += array.bytes();
    size.outside += block_size(std::max<std::uint64_t>(array.bytes(), 1));
  }
  return size;
}

// gentype_sizeof: the item is counted, though it stands in the struct.
OwnSize numpy_scalar_sizeof(const Object& object, const Decoders& decoders) {
  return {object_sizeof(object, decoders) + scalar_itemsize(object, decoders), 0};
}

}  // namespace heapglass
