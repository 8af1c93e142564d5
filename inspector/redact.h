// A view without contents: pages made from zero, into which only that is copied which decoders look
// at for structure - heads of objects, pointers, lengths, tables of dicts, names of types,
// attributes and functions. Not the contents of str, bytes, int, float, and nothing of what no
// object owns (freed blocks keep old secrets).
//
// Method: everything that the analyses read before and after the walk is read again, through a
// mirror that tells what it is asked for. What is asked for while an object is visited is copied
// word by word, where a word can be structure: a pointer into the process's memory, a small number,
// two small halves. What is asked for by name (at most kMostName bytes) is copied as it is, after
// the contents of all objects were cleared once more. Time and memory: as a walk, and the writable
// memory once more.
#pragma once

#include <vector>

#include "inspector/examine.h"
#include "inspector/run.h"
#include "symbols/address.h"

namespace heapglass {

// `seen` without names and columns: they are read here, and put into it. What is constant in mapped
// files is not redacted. Throws Interrupted.
struct Redacted {
  Mirror pages;                         // writable memory
  std::vector<Address> constant_pages;  // of mapped files, looked at; ascending
};
Redacted redacted(Seen& seen, Memory& code, const Run& run);

}  // namespace heapglass
