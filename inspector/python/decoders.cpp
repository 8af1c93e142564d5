#include "inspector/python/decoders.h"

#include <algorithm>
#include <limits>

#include "inspector/python/bytes.h"

namespace heapglass {

namespace {

// Flags in ob_gc_bits (Include/internal/pycore_gc.h, _PyGC_BITS_…).
constexpr std::uint8_t kTracked = 1, kFrozen = 8, kDeferred = 64;

}  // namespace

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

namespace {

// _Py_IMMORTAL_REFCNT_LOCAL, _Py_REF_SHARED_SHIFT: below the shared count stand two flags.
RefcountValue split_refcount(const std::byte* body, const Layout& layout) {
  constexpr std::uint32_t kImmortal = ~std::uint32_t{0};
  constexpr int kFlags = 2;
  constexpr std::int64_t kMerged = 3;  // _Py_REF_MERGED: all in the shared count, no thread's own
  constexpr std::uint8_t kMutexFlags = 3;
  const auto local = load<std::uint32_t>(body, layout[Fact::PyObject_ob_ref_local]);
  const auto thread = load<Address>(body, layout[Fact::PyObject_ob_tid]);
  const auto mutex = load<std::uint8_t>(body, layout[Fact::PyObject_ob_mutex]);
  const bool no_head = thread % sizeof(Address) != 0 || mutex > kMutexFlags;
  if (local == kImmortal) return {local, true, no_head};
  const std::int64_t whole = load_ssize(body, layout[Fact::PyObject_ob_ref_shared]);
  const bool merged = (whole & kMerged) == kMerged;
  // One that uses deferred counts has more, so that it never comes to 0 by itself: one up to 3.13,
  // then _Py_REF_DEFERRED.
  constexpr std::int64_t kMany = std::numeric_limits<std::int64_t>::max() / 8;
  const bool deferred = load<std::uint8_t>(body, layout[Fact::PyObject_ob_gc_bits]) & kDeferred;
  std::int64_t shared = whole >> kFlags;
  if (deferred) shared -= shared > kMany / 2 ? kMany : 1;
  const bool absurd = no_head || (merged && (thread != 0 || local != 0)) ||
                      (shared >> 40 != 0 && shared >> 40 != -1);
  const std::int64_t count = local + shared;
  // Without any and not absurd: what only references that nobody counts hold, on a stack.
  return {std::max<std::int64_t>(count, 0), false,
          absurd || count < 0 || (count == 0 && !deferred)};
}

}  // namespace

RefcountValue refcount_of(const std::byte* body, const Layout& layout) {
  if (layout.dialects.refcount == Refcount::split) return split_refcount(body, layout);
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
    case Refcount::split:
      break;
  }
  return {};
}

bool plausible_count(const std::byte* body, const Layout& layout) {
  if (layout.dialects.refcount == Refcount::split) return !split_refcount(body, layout).absurd;
  const auto whole = load<std::uint64_t>(body, layout[Fact::PyObject_ob_refcnt]);
  switch (layout.dialects.refcount) {
    case Refcount::signed64:
      return whole != 0 && whole >> 40 == 0;
    case Refcount::low32:
      return whole != 0 && whole >> 32 == 0;
    case Refcount::overflow:
      // Above the count: ob_overflow, which is small, and ob_flags.
      return static_cast<std::uint32_t>(whole) != 0 && (whole >> 32 & 0xffff) == 0;
    case Refcount::split:
      break;
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

bool is_marked_frozen(const std::byte* body, const Layout& layout) {
  return layout.dialects.gc_head == GcHead::in_object &&
         load<std::uint8_t>(body, layout[Fact::PyObject_ob_gc_bits]) & kFrozen;
}

bool is_tracked(const Object& object, const Decoders& decoders) {
  if (!has_gc_head(object, decoders.layout)) return false;
  if (decoders.layout.dialects.gc_head == GcHead::in_object) {
    return load<std::uint8_t>(object.body, decoders.layout[Fact::PyObject_ob_gc_bits]) & kTracked &&
           !hidden_from_collector(object, decoders);
  }
  const auto size = static_cast<Address>(decoders.layout[Fact::sizeof_PyGC_Head]);
  const std::byte* head = decoders.mirror.at(object.address - size, size);
  return head != nullptr && next_in_list(head, decoders.layout) != 0 &&
         !hidden_from_collector(object, decoders);
}

}  // namespace heapglass
