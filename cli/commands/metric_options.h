// What `export --format openmetrics` and `watch --metrics-file` are told of metrics.
#pragma once

#include <boost/program_options/options_description.hpp>
#include <cstddef>

#include "cli/command.h"
#include "cli/render/openmetrics.h"

namespace heapglass {

struct MetricOptions {
  std::size_t types = 0;  // that have samples of their own
  MetricLabels labels;
};

void add_metric_options(boost::program_options::options_description& options);
bool has_metric_options(const Context& context);
MetricOptions read_metric_options(const Context& context);  // Failure(usage)

}  // namespace heapglass
