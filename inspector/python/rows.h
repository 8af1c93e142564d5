// What is known of the types that C code defines: which of their fields hold references, under
// which name, and whether the collector is shown them. Most types are such a row of fields; a few
// need code besides (Shape). A row binds to a type by name (module.qualname) and tp_basicsize, so
// that a type that merely has the name is read conservatively instead.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "inspector/graph/heap_graph.h"
#include "symbols/layout.h"

namespace heapglass {

// How the part of an object that is not a fixed field is read, and how its __sizeof__ counts.
enum class Shape : std::uint8_t {
  fixed,      // nothing but fields
  tuple,      // ob_item[ob_size]
  structseq,  // as tuple, with hidden fields behind ob_size
  list,
  dict,
  odict,
  set,
  str,
  integer,
  bytearray,
  type,
  module,
  code,
  frame,
  generator,
  coroutine,  // as generator, under other names
  async_generator,
  deque,
  array,
  lru_cache,
  hamt_bitmap,
  hamt_array,
  hamt_collision,
  bytesio,
  tee_data,
  product,
  combinations,  // and permutations, and those with replacement: an index for each item
  lru_element,   // a node of an lru_cache's list: what it holds, its cache shows
  time,          // datetime.time and datetime.datetime: tzinfo only where hastzinfo is set
  datetime,
  zoneinfo,
  re_template,
  simple_queue,
  buffered,
  stringio,
  struct_codes,  // struct.Struct
  decimal,
  pickler,
  unpickler,
  pickle_stack,
  element,
  element_iterator,
  xml_parser,
  sqlite_connection,
  sqlite_cache,
  ctypes_type,        // a metatype of ctypes: its types show what their StgDict or StgInfo refers
                      // to,
  ctypes_plain_type,  // or hold it without showing it
  ctypes_dict,        // StgDict
  multidict,
  greenlet,  // hidden from the collector while it is suspended
  capsule,
  numpy_array,
  numpy_dtype,
  numpy_scalar,
  numpy_ufunc,
};

struct RowField {
  Fact offset;
  std::string_view
      label;  // as a programmer writes it: ".__code__"; "<key>" where Python has no name
  ReferenceKind kind = ReferenceKind::collector;
  // Shown all the same where the type is a heap type: many a traversal was only completed when its
  // module's types moved to the heap.
  bool heap_type_shows = false;
  Fact shown_since = Fact::count;  // shown all the same from that micro version on (since.*)
};

// For types whose struct may have any size: no object stands in the part that differs.
inline constexpr Fact kAnySize = Fact::count;

struct Row {
  std::string_view type;
  Fact size;  // sizeof of its struct: must equal tp_basicsize; or kAnySize
  Shape shape = Shape::fixed;
  std::vector<RowField> fields = {};
  Fact size_rest = Fact::count;  // a second fact to be added to the size: a frame inside
  std::int32_t size_more = 0;    // and bytes to be added: the NUL of bytes
  // Its struct does not begin with its base's (_io.BytesIO): the base's fields are not its own.
  bool own_struct = false;
  // What the fields and the shape do not tell of it is read conservatively, as of unknown types.
  bool rest_inferred = false;

  // What tp_basicsize must be; -1 where the build lacks a fact.
  std::int64_t basicsize(const Layout& layout) const {
    if (size == kAnySize) return -1;
    if (!layout.has(size) || (size_rest != Fact::count && !layout.has(size_rest))) return -1;
    return std::int64_t{layout[size]} + size_more +
           (size_rest == Fact::count ? 0 : std::int64_t{layout[size_rest]});
  }
};

// All rows, in no order. Several may have one name (a type whose struct has another name in another
// build); the first that fits binds.
std::span<const Row> core_rows();     // rows_core.cpp: objects every program has
std::span<const Row> library_rows();  // rows_library.cpp: extension types

}  // namespace heapglass
