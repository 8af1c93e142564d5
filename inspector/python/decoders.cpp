#include "inspector/python/decoders.h"

#include "inspector/python/bytes.h"

namespace heapglass {

std::optional<Object> open_object(Address address, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const std::byte* head =
      decoders.mirror.at(address, static_cast<std::size_t>(layout[Fact::sizeof_PyObject]));
  if (head == nullptr) {
    decoders.unreadable(address);
    return std::nullopt;
  }
  const TypeInfo* type = decoders.types.resolve(load_pointer(head, layout[Fact::PyObject_ob_type]));
  if (type == nullptr) {
    decoders.fault(Fault::bad_type);
    return std::nullopt;
  }
  // A static type has less than its metatype's tp_basicsize, which is that of a heap type.
  const std::int64_t size =
      type->is_type ? layout[Fact::sizeof_PyTypeObject] : type->basicsize;
  const std::byte* body = decoders.mirror.at(address, static_cast<std::size_t>(size));
  if (body == nullptr && type->is_type) {
    // A static type ends where PyTypeObject does, which may be where its file's mapping ends.
    body = decoders.mirror.at(address, static_cast<std::size_t>(layout[Fact::sizeof_PyTypeObject]));
    if (body != nullptr && load<std::uint64_t>(body, layout[Fact::PyTypeObject_tp_flags]) &
                               TypeTable::kHeapType) {
      body = nullptr;
    }
  }
  if (body == nullptr) {
    decoders.unreadable(address);
    return std::nullopt;
  }
  return Object{address, body, type};
}

RefcountValue refcount_of(const std::byte* body, const Layout& layout) {
  const std::int32_t offset = layout[Fact::PyObject_ob_refcnt];
  switch (layout.dialects.refcount) {
    case Refcount::signed64: return {load_ssize(body, offset), false};
    case Refcount::low32: {
      const auto count = load<std::uint32_t>(body, offset);
      return {count, static_cast<std::int32_t>(count) < 0};
    }
    case Refcount::overflow: {
      const auto count = load<std::uint32_t>(body, offset);
      return {count, count >= std::uint32_t{1} << 31};
    }
  }
  return {};
}

bool is_tracked(const Object& object, const Decoders& decoders) {
  if (!has_gc_head(object, decoders.layout)) return false;
  const auto size = static_cast<Address>(decoders.layout[Fact::sizeof_PyGC_Head]);
  const std::byte* head = decoders.mirror.at(object.address - size, size);
  return head != nullptr && load_pointer(head, decoders.layout[Fact::PyGC_Head__gc_next]) != 0;
}

}  // namespace heapglass
