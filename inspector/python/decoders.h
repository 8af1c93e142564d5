// What every decoder is handed: the build's facts, the mirrored bytes, the types, and where to
// count what is wrong with an object.
#pragma once

#include <optional>
#include <vector>

#include "inspector/acquisition.h"
#include "inspector/python/type_table.h"
#include "inspector/target/mirror.h"
#include "symbols/layout.h"

namespace heapglass {

struct Decoders {
  const Layout& layout;
  Mirror& mirror;
  TypeTable& types;
  // Null on a second look at the same objects, so that nothing is counted twice.
  Acquisition* acquisition = nullptr;
  // Per interpreter, where static types keep their tp_dict (StaticTypes::per_interpreter):
  // interp.types.builtins and .for_extensions, each from its first entry to its end.
  std::vector<AddressRange> static_type_states;
  // dk_lookup of the tables of keys that may hold other keys than str (up to 3.10); 0: unknown.
  Address lookdict = 0;
  // A tuple whose items are none of its references (Runtime); 0: none.
  Address property_arguments = 0;

  void fault(Fault fault) const {
    if (acquisition != nullptr) acquisition->count(fault);
  }
  // Why not all of `size` bytes are there: left out by our choice of pages, or not the target's.
  void unreadable(Address address, std::uint64_t size = 1) const {
    const Mirror::Segment* segment = mirror.find(address);
    while (segment != nullptr && segment->data != nullptr && size > segment->range.end - address) {
      size -= segment->range.end - address;
      address = segment->range.end;
      segment = mirror.find(address);
    }
    fault(segment != nullptr && segment->data == nullptr ? Fault::left_out : Fault::unreadable);
  }
};

// An object whose head could be read and whose type is one; `body` has tp_basicsize bytes, of
// a type object sizeof(PyTypeObject).
struct Object {
  Address address = 0;
  const std::byte* body = nullptr;
  const TypeInfo* type = nullptr;

  // ob_size as it stands: hostile until clamped.
  std::int64_t ob_size(const Layout& layout) const {
    return load_ssize_at(layout[Fact::PyVarObject_ob_size]);
  }
  std::int64_t load_ssize_at(std::int64_t offset) const {
    std::int64_t value;
    __builtin_memcpy(&value, body + offset, sizeof value);
    return value;
  }
};

// The bytes of an object of that type, or null.
const std::byte* object_body(Address address, const TypeInfo& type, const Decoders& decoders);

// The object at `address`; counts the fault where there is none.
std::optional<Object> open_object(Address address, const Decoders& decoders);

// ob_refcnt, by dialect; and whether it is immortal.
struct RefcountValue {
  std::int64_t count = 0;
  bool immortal = false;
  bool absurd = false;  // no object in use has it
};
RefcountValue refcount_of(const std::byte* body, const Layout& layout);

// Whether the eight bytes of a count can be an object's: stricter than !absurd, for where an object
// is looked for in a block that may as well be something else.
bool plausible_count(const std::byte* body, const Layout& layout);

// Whether the collector may look after this object, and its header stands before it where there are
// such: of a collectable type, and for types themselves only heap types (type_is_gc).
inline bool has_gc_head(const Object& object, const Layout& layout) {
  if (!object.type->has_gc) return false;
  if (!object.type->is_type) return true;
  std::uint64_t flags;
  __builtin_memcpy(&flags, object.body + layout[Fact::PyTypeObject_tp_flags], sizeof flags);
  return flags & TypeTable::kHeapType;
}

// Whether gc.freeze() put an object aside, where that is a mark of the object.
bool is_marked_frozen(const std::byte* body, const Layout& layout);

// The next one in the list that it stands in, of a collector's header; 0: it stands in none.
Address next_in_list(const std::byte* links, const Layout& layout);

// Whether a collector's header at `node`, whose bytes are `links`, is what one is while no
// collection is under way: the neighbour points back, or it is in no list and has flags alone.
bool gc_links_agree(Address node, const std::byte* links, const Decoders& decoders);

// Of Shape::greenlet: whether it is suspended (greenlet.cpp).
bool greenlet_suspended(const Object& object, const Decoders& decoders);

// Whether the collector is told that this is no object of its own, head or not: a greenlet that is
// suspended. It stands in the collector's list, but gc.is_tracked and gc.get_referents deny it.
inline bool hidden_from_collector(const Object& object, const Decoders& decoders) {
  return object.type->shape == Shape::greenlet && greenlet_suspended(object, decoders);
}

// gc.is_tracked: it stands in one of the collector's lists (_gc_next is set) or is marked so, and
// is not hidden.
bool is_tracked(const Object& object, const Decoders& decoders);

}  // namespace heapglass
