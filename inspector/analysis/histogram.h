// Objects and bytes by type: the first question that anyone asks of a heap. One pass over the
// graph's arrays. Types of one name (two classes `Session` in two functions) are added up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspector/graph/heap_graph.h"

namespace heapglass {

struct HistogramRow {
  std::string name;  // of the type, or of the module
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::uint64_t footprint = 0;
  std::uint64_t tracked = 0;
  std::uint64_t distinct_types = 0;
};

struct Histogram {
  std::vector<HistogramRow> rows;  // largest first by the key asked for, then by name
  HistogramRow total;              // over the rows that match; distinct_types: type objects
};

enum class HistogramBy : std::uint8_t { type, module };
enum class HistogramSort : std::uint8_t { bytes, footprint, count };

struct HistogramOptions {
  HistogramBy by = HistogramBy::type;
  HistogramSort sort = HistogramSort::bytes;
  bool tracked_only = false;
  std::string type_pattern{};  // a shell glob on the full type name; empty: all
};

// `only`, by object id: of these objects; empty: of all.
Histogram histogram(const HeapGraph& graph, const HistogramOptions& options,
                    const std::vector<bool>& only = {});

// Rows of one name together, of several processes; by types `distinct_types` is added up, too.
Histogram sum_of(const std::vector<const Histogram*>& histograms, HistogramSort sort);

// One row of two looks; what one of them has not is zero.
struct GrownRow {
  HistogramRow before, now;
};

// The rows of either, most growth first by the key asked for, then by name.
std::vector<GrownRow> grown_rows(const Histogram& before, const Histogram& now, HistogramSort sort);

}  // namespace heapglass
