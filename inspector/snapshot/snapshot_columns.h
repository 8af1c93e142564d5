// The sparse columns of a heap (graph/columns.h) as arrays of a snapshot: "extent_object" has the
// ids of the objects that have an extent, "extent_length" and "extent_capacity" its fields, and so
// on for the others. Hashes of contents are mixed with a number that is drawn for each snapshot and
// kept nowhere: they still tell what is equal, and nobody can try texts against them.
#pragma once

#include "inspector/graph/columns.h"
#include "inspector/snapshot/archive.h"

namespace heapglass {

void write_columns(const Columns& columns, ArchiveWriter& archive);

// `objects`: how many the graph has.
Columns read_columns(ArchiveReader& archive, std::size_t objects);

}  // namespace heapglass
