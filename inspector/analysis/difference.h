// What changed between two looks at a process: by type or module which objects are new, which are
// gone, and which became larger, and by which paths the new and the gone ones are held (survivors.h
// tells which are which).
//
// With a third look in between: of what is new only that which was there in between already. What
// a program makes for a request is gone by then or was not there yet; what is left has stayed.
//
// By path objects count that no other new (or gone) one retains: a session's strings are the
// session's. O(objects · log objects + references) of each look.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspector/analysis/survivors.h"

namespace heapglass {

enum class DifferenceBy : std::uint8_t { type, module };

struct Amount {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;     // sys.getsizeof
  std::uint64_t retained = 0;  // footprints of all that goes with them, each object counted once
};

struct ChangeRow {
  std::string name;      // of a type, or of the module of types; untrusted text
  Amount before, after;  // all objects of it
  Amount fresh, gone;    // fresh: new since `before`; of three looks: and stayed since `between`
  Amount grown;          // those that were there and are larger: how many, by how much; retained: 0
  std::uint64_t maybe = 0;        // not among `fresh`, though nothing says that they were there
  std::uint64_t maybe_later = 0;  // of three looks: among `fresh`, though they may not have stayed
};

// Objects of one type that are held by paths of one shape.
struct HeldRow {
  std::string path;  // as path_shapes.h and shape_text() have it; empty: no path, garbage
  std::string type;
  Amount fresh, gone;
};

struct Difference {
  std::vector<ChangeRow> rows;  // those that changed; most growth in bytes first
  std::vector<HeldRow> held;    // most growth in retained bytes first
  ChangeRow total;              // without a name; retained: of `before` and `after` the whole heap
};

// `between`: null, or the look between. The graphs must have names.
Difference difference(const Look& before, const Look& after, const Look* between, DifferenceBy by);

}  // namespace heapglass
