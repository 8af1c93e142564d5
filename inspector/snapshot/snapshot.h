// A snapshot: an inspection in a file, to be analysed elsewhere and later. An .npz (a zip of NumPy
// arrays), which numpy.load opens without us:
//
//     meta.json             "schema": "heapglass.snapshot/1"; target, process, acquisition, pools;
//                           "pooled": how many of the objects stand in pools
//     types.json            [[address, name, module], …] by type id
//     names.json            names of fields and attributes, as `edge` indexes them
//     root_names.json       names of roots
//     address      u8 [n]   by object id: ascending up to `pooled`, and ascending from there on
//     type         u4 [n]   index into types.json
//     bytes        u8 [n]   sys.getsizeof
//     footprint    u8 [n]   what it occupies, with tables that it alone owns
//     refcount     u4 [n]   saturated
//     flags        u1 [n]   HeapGraph::Flag
//     reference_begin u8 [n+1]  with reference_to a matrix in compressed rows (scipy's csr_matrix)
//     reference_to u4 [m]   object ids
//     edge         u4 [m]   graph/edge.h: 2 bits of kind, 3 of label, 27 of index
//     root_to u4, root_name u4, root_kind u1, root_hold u1, root_frame u4  [r]
//     text_object u4, text_name u4  [t]  HeapGraph::texts
//     weak_entry_reference u4, weak_entry_object u4  [w]  graph/weak_entry.h
//     and the sparse columns: snapshot_columns.h
//
// Stored, or deflated where asked for. No contents of the target's objects are in it but names.
#pragma once

#include <string>

#include "inspector/inspect.h"
#include "inspector/run.h"

namespace heapglass {

// Whether a file begins as a snapshot does; only then is it worth reading.
bool looks_like_snapshot(const std::string& path);

// Into `fd`, from its beginning on: a new file, which stays the caller's. The inspection must have
// been made with names and columns. Throws Failure(not_written), Interrupted.
void write_snapshot(int fd, const Inspection& inspection, bool compress, const Run& run);

// Acquisition's mode is `snapshot`, contents are none. A file is as little trusted as a target:
// what does not fit together ends in Failure(not_cpython). Failure(usage) where it cannot be
// opened.
Inspection read_snapshot(const std::string& path, const Run& run);

}  // namespace heapglass
