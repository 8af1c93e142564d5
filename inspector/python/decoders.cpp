#include "inspector/python/decoders.h"

#include "inspector/python/bytes.h"

namespace heapglass {

const std::byte* object_body(Address address, const TypeInfo& type, const Decoders& decoders) {
  const std::byte* body = decoders.mirror.at(address, static_cast<std::size_t>(type.basicsize));
  // A static type ends where PyTypeObject does, which may be where its file's mapping ends. It has
  // no fields behind that.
  if (body == nullptr && type.is_type && type.fields.empty() && !type.inferred) {
    const Layout& layout = decoders.layout;
    body = decoders.mirror.at(address, static_cast<std::size_t>(layout[Fact::sizeof_PyTypeObject]));
    if (body != nullptr &&
        load<std::uint64_t>(body, layout[Fact::PyTypeObject_tp_flags]) & TypeTable::kHeapType) {
      return nullptr;
    }
  }
  return body;
}

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
  const std::byte* body = object_body(address, *type, decoders);
  if (body == nullptr) {
    decoders.unreadable(address);
    return std::nullopt;
  }
  return Object{address, body, type};
}

RefcountValue refcount_of(const std::byte* body, const Layout& layout) {
  const std::int32_t offset = layout[Fact::PyObject_ob_refcnt];
  switch (layout.dialects.refcount) {
    case Refcount::signed64: {
      // A count is small; what stands first in a freed block is a pointer.
      const std::int64_t count = load_ssize(body, offset);
      return {count, false, count <= 0 || count >> 40 != 0};
    }
    case Refcount::low32: {
      const auto whole = load<std::uint64_t>(body, offset);
      const auto count = static_cast<std::uint32_t>(whole);
      const bool immortal = static_cast<std::int32_t>(count) < 0;
      return {count, immortal, !immortal && (count == 0 || whole >> 32 != 0)};
    }
    case Refcount::overflow: {
      const auto count = load<std::uint32_t>(body, offset);
      const bool immortal = count >= std::uint32_t{1} << 31;
      return {count, immortal, count == 0};
    }
  }
  return {};
}

bool plausible_count(const std::byte* body, const Layout& layout) {
  const auto whole = load<std::uint64_t>(body, layout[Fact::PyObject_ob_refcnt]);
  switch (layout.dialects.refcount) {
    case Refcount::signed64:
      return whole != 0 && whole >> 40 == 0;
    case Refcount::low32:
      return whole != 0 && whole >> 32 == 0;
    case Refcount::overflow:
      // Above the count: ob_overflow, which is small, and ob_flags.
      return static_cast<std::uint32_t>(whole) != 0 && (whole >> 32 & 0xffff) == 0;
  }
  return false;
}

namespace {

bool counted_as_untracked(const std::byte* links, const Layout& layout) {
  constexpr std::int64_t kUntracked = -2;  // _PyGC_REFS_UNTRACKED; the bit below it is FINALIZED
  return layout.dialects.gc_head == GcHead::counted &&
         load_ssize(links, layout[Fact::PyGC_Head_gc_gc_refs]) >> 1 == kUntracked;
}

}  // namespace

Address next_in_list(const std::byte* links, const Layout& layout) {
  constexpr Address kFlags = 3;  // it may have some; _gc_prev has FINALIZED and COLLECTING
  if (counted_as_untracked(links, layout)) return 0;
  return load_pointer(links, layout[Fact::PyGC_Head__gc_next]) & ~kFlags;
}

bool gc_links_agree(Address node, const std::byte* links, const Decoders& decoders) {
  constexpr Address kFlags = 3;  // of _gc_prev: FINALIZED, COLLECTING; _gc_next may have one
  const Layout& layout = decoders.layout;
  const Address next = next_in_list(links, layout);
  if (next == 0 && layout.dialects.gc_head == GcHead::counted) {
    return counted_as_untracked(links, layout);
  }
  if (next == 0) return (load_pointer(links, layout[Fact::PyGC_Head__gc_prev]) & ~kFlags) == 0;
  const std::byte* other =
      decoders.mirror.at(next, static_cast<std::size_t>(layout[Fact::sizeof_PyGC_Head]));
  return other != nullptr &&
         (load_pointer(other, layout[Fact::PyGC_Head__gc_prev]) & ~kFlags) == node;
}

bool is_tracked(const Object& object, const Decoders& decoders) {
  if (!has_gc_head(object, decoders.layout)) return false;
  const auto size = static_cast<Address>(decoders.layout[Fact::sizeof_PyGC_Head]);
  const std::byte* head = decoders.mirror.at(object.address - size, size);
  return head != nullptr && next_in_list(head, decoders.layout) != 0 &&
         !hidden_from_collector(object, decoders);
}

}  // namespace heapglass
