// One cycle that stands for a component.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "inspector/analysis/cycles.h"
#include "inspector/analysis/subgraph.h"

namespace heapglass {

// Finds cycles in components of one subgraph; what it keeps between two is only to be quick.
class CycleFinder {
 public:
  // Both outlive it.
  CycleFinder(const HeapGraph& graph, const Subgraph& part);

  struct Cycle {
    std::vector<CycleStep> steps;  // from the rotation of the signature on
    std::string signature;
  };
  // `component`: one of strong_components(part).
  Cycle shortest(std::span<const std::uint32_t> component);

 private:
  // References of a shortest cycle through `start`, at most `most` long; empty: there is none.
  std::vector<std::uint64_t> through(std::uint32_t start, std::size_t most);
  Cycle describe(const std::vector<std::uint64_t>& references) const;

  const HeapGraph& graph_;
  const Subgraph& part_;
  std::vector<std::uint32_t> component_of_;  // by node: the number of the call that marked it
  std::vector<std::uint32_t> seen_;          // by node: the number of the search that met it
  std::vector<std::uint64_t> met_by_;        // by node: the reference in part_
  std::vector<std::uint32_t> met_from_;      // by node
  std::vector<std::uint32_t> degree_;        // by node: references from its component
  std::uint32_t calls_ = 0, searches_ = 0;
};

}  // namespace heapglass
