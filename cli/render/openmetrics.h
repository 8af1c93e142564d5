// A heap as metrics, in the text format that both OpenMetrics (1.0) and Prometheus' text format
// (0.0.4, of node_exporter's textfile collector) have in common: gauges, no timestamps, `# EOF`.
// What is counted up (collections) is a gauge too, for the two formats name counters differently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inspector/analysis/garbage.h"
#include "inspector/analysis/histogram.h"
#include "inspector/inspect.h"

namespace heapglass {

// On every sample, to tell one process's from another's. Names must be valid.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;
bool is_label_name(std::string_view name);  // and not one that is used here: "type"

// What `watch` knows besides.
struct WatchMetrics {
  std::uint64_t looks = 0;
  double stopped_seconds = 0;  // of the target, all looks together
};

// `types` by bytes: the first `top` have a sample each, the others one together, so that the number
// of series is bounded.
std::string openmetrics_text(const Inspection& inspection, const Histogram& types,
                             const Garbage& garbage, std::size_t top, const MetricLabels& labels,
                             const WatchMetrics* watch = nullptr);

}  // namespace heapglass
