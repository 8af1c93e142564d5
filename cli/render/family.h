// Histograms of a process and of those that it has started: each, and their sum.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/render/document.h"
#include "cli/render/terminal.h"
#include "inspector/analysis/histogram.h"
#include "inspector/inspect.h"

namespace heapglass {

struct FamilyMember {
  TargetFacts target;
  Acquisition acquisition;
  ProcessFacts process;
  Histogram all;
  std::optional<Histogram> shared;  // what stands on pages that other processes have too
};

struct Family {
  std::vector<FamilyMember> members;
  Histogram sum, shared_sum;

  std::vector<const Histogram*> all() const;
  std::vector<const Histogram*> shared() const;
};

// Of every sum over processes.
inline constexpr std::string_view kSharedNote =
    "pages that processes share copy-on-write are counted in each of them";

// A line for each process, and the sum by type.
std::string family_table(const Family& family, HistogramBy by, std::size_t top,
                         const Terminal& terminal);
// {"schema", "processes": [document, …], "sum": {"totals", "types", "note"}}; rows have
// "footprint_shared" and "footprint_private" where that is told.
Json family_json(const Family& family, HistogramBy by, std::size_t top);
// Rows of every process, its pid first.
std::string family_csv(const Family& family, HistogramBy by, std::size_t top);

}  // namespace heapglass
