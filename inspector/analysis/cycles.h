// Reference cycles, told so that a person can do something about them: the strongly connected
// components of the garbage (with all references that the collector sees), and of what is alive
// (without structural references), each described by its shortest cycle, and those of one
// description as one entry.
//
// A cycle's signature is its objects' types in the order of the references, closed, from the
// smallest rotation on (types of the program before builtins): "Node -> dict -> Node". An object's
// own __dict__ on the way to an attribute is passed over, so that the signature is the same whether
// this Python keeps attributes in a dict or not. Of a component's cycles it is a shortest one, of
// these the first by its signature, among those through its most referred-to objects.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "inspector/analysis/breakers.h"
#include "inspector/analysis/garbage.h"
#include "inspector/graph/heap_graph.h"

namespace heapglass {

// A reference of a cycle, and whose it is. Of an attribute in an object's dict: the object, and the
// dict's reference.
struct CycleStep {
  ObjectId object{};
  ObjectId holder{};            // of `reference`: the object, or its dict
  std::uint64_t reference = 0;  // to the next step's object, or to its dict
};

struct CycleGroup {
  bool garbage = false;
  std::string signature;
  std::uint64_t count = 0;  // components
  std::uint64_t objects = 0, bytes = 0;
  std::map<std::string, std::uint64_t> types;  // objects by type's name
  std::vector<CycleStep> example;              // of the largest component
  std::size_t cut = 0;           // of the example: the step whose reference would best be weak
  std::string cut_reason;        // "parent link"
  std::uint64_t finalizers = 0;  // objects with a __del__
  std::uint64_t unseen = 0;   // components that the collector will never free, were they let go of
  std::uint64_t largest = 0;  // objects of the largest component
  std::vector<Breaker> breakers;  // where that is too large to be seen in one cycle
};

struct CycleSum {
  std::uint64_t count = 0, objects = 0, bytes = 0;
};

struct CycleReport {
  Garbage garbage;
  std::vector<CycleGroup> groups;  // garbage first, then by objects
  CycleSum total;                  // of the groups
  bool live = false;               // whether cycles of what is alive were looked for
  CycleSum structural;             // live components of classes, functions and modules alone
};

struct CycleOptions {
  bool garbage_only = false;
  bool all = false;                           // with structural references and components
  std::string type_pattern{};                 // of a type that a component has; empty: all
  std::span<const WeakEntry> weak_entries{};  // for find_garbage()
  bool free_threaded = false;                 // and this
};

// `graph` with names (InspectOptions::names).
CycleReport find_cycles(const HeapGraph& graph, const CycleOptions& options);

}  // namespace heapglass
