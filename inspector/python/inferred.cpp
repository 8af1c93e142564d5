// Types that no table knows: every word of the unknown part of the body that points to an object is
// taken for a reference.
#include <algorithm>

#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

bool looks_like_object(Address address, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  if (address == 0 || address % sizeof(Address) != 0) return false;
  const std::byte* head =
      decoders.mirror.at(address, static_cast<std::size_t>(layout[Fact::sizeof_PyObject]));
  if (head == nullptr) return false;
  if (refcount_of(head, layout).absurd) return false;
  const TypeInfo* type = decoders.types.resolve(load_pointer(head, layout[Fact::PyObject_ob_type]));
  return type != nullptr && object_body(address, *type, decoders) != nullptr;
}

void visit_inferred(const Object& object, const Decoders& decoders, Sink& sink) {
  constexpr std::int64_t kWord = sizeof(Address);
  constexpr std::int64_t kMostItemBytes = 1 << 20;
  const TypeInfo& type = *object.type;
  // `from`: of these bytes in the object.
  const auto look_at = [&](const std::byte* bytes, std::int64_t offset, std::int64_t from) {
    const Address word = load_pointer(bytes, offset);
    if (looks_like_object(word, decoders)) {
      sink.add(word, ReferenceKind::inferred, LabelKind::unnamed,
               static_cast<std::uint64_t>(from + offset));
    }
  };
  const auto known = [&](std::int64_t offset) {
    return offset == type.weaklist_offset ||
           std::any_of(type.fields.begin(), type.fields.end(),
                       [&](const Field& field) { return field.offset == offset; });
  };
  for (std::int64_t at = (type.inferred_begin + kWord - 1) / kWord * kWord;
       at + kWord <= type.inferred_end; at += kWord) {
    if (!known(at)) look_at(object.body, at, 0);
  }
  if (type.itemsize == 0) return;
  const auto count = static_cast<std::int64_t>(
      std::min<std::uint64_t>(magnitude(object.ob_size(decoders.layout)), kMostItemBytes));
  const std::int64_t bytes = std::min(count * type.itemsize, kMostItemBytes);
  const std::byte* items = decoders.mirror.at(object.address + static_cast<Address>(type.basicsize),
                                              static_cast<std::size_t>(bytes));
  if (items == nullptr) return;
  for (std::int64_t at = 0; at + kWord <= bytes; at += kWord) look_at(items, at, type.basicsize);
}

}  // namespace heapglass
