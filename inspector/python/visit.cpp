#include "inspector/python/visit.h"

#include "inspector/python/bytes.h"

namespace heapglass {
namespace {

// What stands where a body without items would; null: not readable.
const std::byte* behind_items(const Object& object, const Decoders& decoders) {
  const auto items = magnitude(object.ob_size(decoders.layout));
  if (items > decoders.mirror.room(object.address) / sizeof(Address)) {
    decoders.fault(Fault::absurd_size);
    return nullptr;
  }
  const Address begin = object.address + items * sizeof(Address);
  const std::byte* body =
      decoders.mirror.at(begin, static_cast<std::size_t>(object.type->basicsize));
  if (body == nullptr) decoders.unreadable(begin);
  return body;
}

}  // namespace

void visit(const Object& object, const Decoders& decoders, Sink& sink) {
  const TypeInfo& type = *object.type;
  switch (type.shape) {
    case Shape::tuple:
      visit_tuple(object, decoders, sink);
      break;
    case Shape::structseq:
      visit_structseq(object, decoders, sink);
      break;
    case Shape::list:
      visit_list(object, decoders, sink);
      break;
    case Shape::dict:
      visit_dict(object, decoders, sink);
      break;
    case Shape::odict:
      visit_odict(object, decoders, sink);
      break;
    case Shape::set:
      visit_set(object, decoders, sink);
      break;
    case Shape::type:
      visit_type(object, decoders, sink);
      break;
    case Shape::module:
      visit_module(object, decoders, sink);
      break;
    case Shape::code:
      visit_code(object, decoders, sink);
      break;
    case Shape::frame:
      visit_frame(object, decoders, sink);
      break;
    case Shape::generator:
    case Shape::coroutine:
    case Shape::async_generator:
      visit_generator(object, decoders, sink);
      break;
    case Shape::deque:
      visit_deque(object, decoders, sink);
      break;
    case Shape::lru_cache:
      visit_lru_cache(object, decoders, sink);
      break;
    case Shape::hamt_bitmap:
    case Shape::hamt_array:
    case Shape::hamt_collision:
      visit_hamt(object, decoders, sink);
      break;
    case Shape::tee_data:
      visit_tee_data(object, decoders, sink);
      break;
    case Shape::time:
      visit_zoned(object, decoders, sink, Fact::PyDateTime_Time_hastzinfo,
                  Fact::PyDateTime_Time_tzinfo);
      break;
    case Shape::datetime:
      visit_zoned(object, decoders, sink, Fact::PyDateTime_DateTime_hastzinfo,
                  Fact::PyDateTime_DateTime_tzinfo);
      break;
    case Shape::zoneinfo:
      visit_zoneinfo(object, decoders, sink);
      break;
    case Shape::re_template:
      visit_template(object, decoders, sink);
      break;
    case Shape::simple_queue:
      visit_simple_queue(object, decoders, sink);
      break;
    case Shape::pickler:
      visit_pickler(object, decoders, sink);
      break;
    case Shape::unpickler:
      visit_unpickler(object, decoders, sink);
      break;
    case Shape::pickle_stack:
      visit_pickle_stack(object, decoders, sink);
      break;
    case Shape::element:
      visit_element(object, decoders, sink);
      break;
    case Shape::element_iterator:
      visit_element_iterator(object, decoders, sink);
      break;
    case Shape::xml_parser:
      visit_xml_parser(object, decoders, sink);
      break;
    case Shape::sqlite_connection:
      visit_sqlite_connection(object, decoders, sink);
      break;
    case Shape::sqlite_cache:
      visit_sqlite_cache(object, decoders, sink);
      break;
    case Shape::ctypes_type:
    case Shape::ctypes_plain_type:
      visit_ctypes_type(object, decoders, sink);
      break;
    case Shape::ctypes_dict:
      visit_dict(object, decoders, sink);
      break;
    case Shape::multidict:
      visit_multidict(object, decoders, sink);
      break;
    case Shape::greenlet:
      visit_greenlet(object, decoders, sink);
      break;
    case Shape::numpy_array:
      visit_numpy_array(object, decoders, sink);
      break;
    case Shape::numpy_dtype:
      visit_numpy_dtype(object, decoders, sink);
      break;
    case Shape::numpy_scalar:
      visit_numpy_scalar(object, decoders, sink);
      break;
    case Shape::numpy_ufunc:
      visit_numpy_ufunc(object, decoders, sink);
      break;
    case Shape::capsule:
      visit_capsule(object, decoders, sink);
      break;
    case Shape::lru_element:
      return visit_lru_element(object, decoders, sink);
    case Shape::fixed:
    case Shape::str:
    case Shape::integer:
    case Shape::bytearray:
    case Shape::array:
    case Shape::bytesio:
    case Shape::product:
    case Shape::combinations:
    case Shape::buffered:
    case Shape::stringio:
    case Shape::struct_codes:
    case Shape::decimal:
      break;  // nothing but fields, or no references at all
  }
  // What no collector's header stands before is never shown to the collector: of the bases of
  // ctypes only subclasses have one.
  const bool shown = type.has_gc && !hidden_from_collector(object, decoders);
  const std::byte* body = type.fields_behind_items ? behind_items(object, decoders) : object.body;
  for (const Field& field : type.fields) {
    if (body == nullptr) break;
    const ReferenceKind kind = shown ? field.kind : ReferenceKind::owned;
    sink.add(load_pointer(body, field.offset), kind, LabelKind::field, field.name);
  }
  if (type.managed_dict || type.dict_offset != 0) visit_attributes(object, decoders, sink);
  if (type.inferred) visit_inferred(object, decoders, sink);
  if (type.type_reference) {
    sink.add(type.address, shown ? *type.type_reference : ReferenceKind::owned, FixedName::class_);
  }
}

}  // namespace heapglass
