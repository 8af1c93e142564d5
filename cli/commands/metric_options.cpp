#include "cli/commands/metric_options.h"

#include <boost/program_options/value_semantic.hpp>

#include "cli/units.h"

namespace heapglass {

namespace po = boost::program_options;

void add_metric_options(po::options_description& options) {
  options.add_options()("metric-types", po::value<std::string>()->value_name("N"),
                        "Metrics for the N types with the most bytes, and for the others "
                        "together: 30 unless given, at most 1000.")(
      "label", po::value<std::vector<std::string>>()->value_name("NAME=VALUE"),
      "On every sample, to tell one service from another: service=shop.");
}

bool has_metric_options(const Context& context) {
  return context.own.count("metric-types") != 0 || context.own.count("label") != 0;
}

MetricOptions read_metric_options(const Context& context) {
  constexpr std::size_t kUsual = 30, kMost = 1000;
  MetricOptions result;
  result.types = kUsual;
  if (context.own.count("metric-types") != 0) {
    const auto& given = context.own["metric-types"].as<std::string>();
    const auto types = parse_count(given);
    if (!types || *types > kMost) {
      throw Failure(Exit::usage, "'" + given + "' is no value for --metric-types",
                    "--metric-types 30");
    }
    result.types = *types;
  }
  if (context.own.count("label") == 0) return result;
  for (const std::string& given : context.own["label"].as<std::vector<std::string>>()) {
    const std::size_t at = given.find('=');
    const std::string name = given.substr(0, at);
    if (at == std::string::npos || !is_label_name(name)) {
      throw Failure(Exit::usage, "'" + given + "' is no value for --label", "--label service=shop");
    }
    for (const auto& [known, value] : result.labels) {
      if (known != name) continue;
      throw Failure(Exit::usage, "the label " + name + " is given twice",
                    "--label " + name + "=VALUE once");
    }
    result.labels.emplace_back(name, given.substr(at + 1));
  }
  return result;
}

}  // namespace heapglass
