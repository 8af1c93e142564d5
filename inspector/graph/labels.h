// Edges as a programmer writes them:
//
//     .name ['no name']     attributes, globals, fields, slots; modules of sys.modules
//     <name>                fields and tables that Python has no name for
//     [3]                   items of sequences
//     [<str>]               a dict's value, by its key's type; by its text where there is a KeyText
//     <key> <member>        keys of a dict, members of a set
//     local x, <stack 2>    of a frame or a generator
//     <+24>                 read conservatively, at that offset of the object
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

// A key as Python code; nullopt: only its type is told.
using KeyText = std::function<std::optional<std::string>(ObjectId key)>;

// Appends the label of reference_to[reference], one of those of object `from`. Names in it are
// untrusted text.
void append_label(std::string& to, const HeapGraph& graph, ObjectId from, std::uint64_t reference,
                  const KeyText& key_text = {});

}  // namespace heapglass
