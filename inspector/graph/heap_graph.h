// The heap as immutable arrays: what analyses read. From here on there is no target and no CPython.
//
// Objects have dense 32-bit ids in address order; everything about object i stands at index i of a
// parallel array. References are compressed rows: those of object i are
// reference_to[reference_begin[i] .. reference_begin[i + 1]), with edge[] beside it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "symbols/address.h"

namespace heapglass {

enum class ObjectId : std::uint32_t {};
enum class TypeId : std::uint32_t {};

constexpr std::size_t index(ObjectId id) { return static_cast<std::size_t>(id); }
constexpr std::size_t index(TypeId id) { return static_cast<std::size_t>(id); }

// What a reference is, as DESIGN.md ("References") has it.
enum class ReferenceKind : std::uint8_t {
  collector,  // what tp_traverse shows: the multiset of gc.get_referents
  owned,      // held besides, never shown to the collector
  inferred    // read conservatively from a body that no table knows
};

struct TypeRecord {
  Address address = 0;
  std::string name;    // module.qualname; without the module for builtins; untrusted text
  std::string module;  // "builtins" for builtins
};

struct HeapGraph {
  enum Flag : std::uint8_t {
    kTracked = 1,      // stands in one of the collector's lists
    kCollectable = 2,  // of a type with Py_TPFLAGS_HAVE_GC: has a collector's header
    kImmortal = 4,
    kInferred = 8,   // read conservatively
    kOwnSizeof = 16  // its type's __sizeof__ is Python code
  };

  std::vector<TypeRecord> types;  // by TypeId

  std::vector<Address> address;  // ascending
  std::vector<TypeId> type;
  std::vector<std::uint64_t> bytes;      // sys.getsizeof
  std::vector<std::uint64_t> footprint;  // what it occupies: CONTRACT.md, "footprint"
  std::vector<std::uint32_t> refcount;   // saturated; of immortals as stored
  std::vector<std::uint8_t> flags;       // of Flag

  std::vector<std::uint64_t>
      reference_begin;  // size() + 1 entries; empty if only objects were asked for
  std::vector<ObjectId> reference_to;
  std::vector<std::uint32_t> edge;  // graph/edge.h: kind and name
  std::vector<std::string> names;   // of fields and attributes, as edges index them; untrusted text

  std::size_t size() const { return address.size(); }
};

}  // namespace heapglass
