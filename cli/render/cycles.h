// Cycles as text, JSON and a graph for Graphviz.
#pragma once

#include <cstddef>
#include <string>

#include "cli/render/document.h"
#include "cli/render/terminal.h"
#include "inspector/analysis/cycles.h"
#include "inspector/analysis/shortest_paths.h"

namespace heapglass {

// Garbage, what is alive, what was left out, the collector. Two lines an entry, three of
// what is alive.
// `paths`: empty where only garbage was asked for, which nothing holds.
std::string cycles_text(const Inspection& inspection, const CycleReport& report,
                        const ShortestPaths& paths, std::size_t top, const Terminal& terminal);

std::string cycles_json(const Inspection& inspection, const CycleReport& report,
                        const ShortestPaths& paths, std::size_t top);

// The examples, each in a box; the reference to cut is red.
std::string cycles_dot(const HeapGraph& graph, const CycleReport& report, std::size_t top);

}  // namespace heapglass
