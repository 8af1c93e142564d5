// The heap as immutable arrays: what analyses read. From here on there is no target and no CPython.
//
// Objects have dense 32-bit ids: first those in the allocator's pools, in address order, then all
// others, in address order. Everything about object i stands at index i of a parallel array.
// References are compressed rows: those of object i are
// reference_to[reference_begin[i] .. reference_begin[i + 1]), with edge[] beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inspector/graph/big_vector.h"
#include "inspector/graph/object_id.h"
#include "inspector/graph/root.h"
#include "inspector/graph/size_column.h"
#include "inspector/graph/sparse_column.h"
#include "symbols/address.h"

namespace heapglass {

// What a reference is, as DESIGN.md ("References") has it.
enum class ReferenceKind : std::uint8_t {
  collector,  // what tp_traverse shows: the multiset of gc.get_referents
  owned,      // held besides, never shown to the collector
  inferred,   // read conservatively from a body that no table knows
  // Shown to the collector like `collector`, but no part of the target's count (3.14+: what a
  // frame's value stack borrows from its locals). Whoever follows references takes it for the same.
  borrowed
};
constexpr bool is_shown(ReferenceKind kind) {
  return kind == ReferenceKind::collector || kind == ReferenceKind::borrowed;
}
constexpr bool is_counted(ReferenceKind kind) {
  return kind == ReferenceKind::collector || kind == ReferenceKind::owned;
}

// What is run before an object of a type goes.
enum class Finalizer : std::uint8_t {
  none,
  in_c,    // tp_finalize of C code: generators, files
  python,  // __del__ of a class
  legacy   // tp_del: the collector frees nothing that has it, nor what that reaches
};

struct TypeRecord {
  Address address = 0;
  std::string name;    // module.qualname; without the module for builtins; untrusted text
  std::string module;  // "builtins" for builtins
  Finalizer finalizer = Finalizer::none;
  bool is_class = false;  // its instances are types
};

struct Root {
  ObjectId to{};
  std::uint32_t name = 0;  // in HeapGraph::root_names
  RootKind kind = RootKind::module;
  RootHold hold = RootHold::owned;
  std::uint32_t frame = 0;  // of a frame: which of all, from 1 on; of others 0
};

struct HeapGraph {
  enum Flag : std::uint8_t {
    kTracked = 1,      // stands in one of the collector's lists
    kCollectable = 2,  // of a type with Py_TPFLAGS_HAVE_GC: has a collector's header
    kImmortal = 4,
    kInferred = 8,    // read conservatively
    kOwnSizeof = 16,  // its type's __sizeof__ is Python code
    kUncounted = 32,  // what it refers to does not count its references: made at compile time, or
                      // the dict of interned strings
    kFrozen = 64,     // put aside by gc.freeze(): gc.get_objects() leaves it out
    kClosed = 128     // a generator that the collector's call of its finalizer closes
  };

  std::vector<TypeRecord> types;  // by TypeId, in address order

  std::size_t pooled = 0;  // objects in pools: ids below it and those from it on each ascend
  BigVector<Address> address;
  BigVector<TypeId> type;
  SizeColumn bytes;                   // sys.getsizeof
  SizeColumn footprint;               // what it occupies: CONTRACT.md, "footprint"
  BigVector<std::uint32_t> refcount;  // saturated; of immortals as stored
  BigVector<std::uint8_t> flags;      // of Flag

  BigVector<std::uint64_t> reference_begin;  // size() + 1 entries
  BigVector<ObjectId> reference_to;
  BigVector<std::uint32_t> edge;  // graph/edge.h: kind and name
  std::vector<Root> roots;
  std::vector<std::string> root_names;
  std::vector<std::string> names;  // of fields and attributes, as edges index them; untrusted text
  // Text that is a name by where it stands: of functions, files of code, context variables, tasks;
  // and threads, of the keys of their locals. In `names`; filled with the names of references.
  SparseColumn<std::uint32_t> texts;

  std::size_t size() const { return address.size(); }
  // The object at that address. O(log size()).
  std::optional<ObjectId> find(Address at) const;
};

// Of an object's type; untrusted text.
inline const std::string& type_name(const HeapGraph& graph, ObjectId object) {
  return graph.types[index(graph.type[index(object)])].name;
}

}  // namespace heapglass
