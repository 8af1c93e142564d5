#include "cli/render/openmetrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "cli/render/escape.h"
#include "cli/render/overview.h"

namespace heapglass {
namespace {

constexpr std::array<std::string_view, 6> kOwnLabels{"type",       "part", "state",
                                                     "generation", "kind", "interpreter"};

// Valid UTF-8 without control characters; then backslash, quote and newline as the format has them.
std::string label_value(std::string_view text) {
  std::string result;
  for (const char c : escape_terminal(text)) {
    if (c == '\\' || c == '"') result += '\\';
    result += c;
  }
  return result;
}

std::string number(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::string(text.data(), end) : "NaN";
}
std::string number(std::uint64_t value) { return std::to_string(value); }

class Metrics {
 public:
  explicit Metrics(const MetricLabels& labels) {
    for (const auto& [name, value] : labels) add_label(common_, name, value);
  }

  void family(const std::string& name, std::string_view help) {
    name_ = "heapglass_" + name;
    text_.append("# HELP ").append(name_).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name_).append(" gauge\n");
  }
  template <class Value>
  void sample(Value value, const MetricLabels& labels = {}) {
    std::string all = common_;
    for (const auto& [label, of] : labels) add_label(all, label, of);
    text_ += name_;
    if (!all.empty()) text_.append("{").append(all).append("}");
    text_.append(" ").append(number(value)).append("\n");
  }
  template <class Value>
  void one(const std::string& name, std::string_view help, Value value) {
    family(name, help);
    sample(value);
  }
  std::string text() && { return std::move(text_) + "# EOF\n"; }

 private:
  static void add_label(std::string& to, const std::string& name, const std::string& value) {
    to += (to.empty() ? "" : ",") + name + "=\"" + label_value(value) + '"';
  }

  std::string common_, name_, text_;
};

void put_types(Metrics& metrics, const Histogram& types, std::size_t top) {
  const std::size_t shown = std::min(top, types.rows.size());
  HistogramRow rest;
  for (std::size_t i = shown; i < types.rows.size(); ++i) {
    rest.count += types.rows[i].count;
    rest.bytes += types.rows[i].bytes;
    rest.footprint += types.rows[i].footprint;
  }
  const auto put = [&](const std::string& name, std::string_view help,
                       std::uint64_t HistogramRow::*field) {
    metrics.family(name, help);
    for (std::size_t i = 0; i < shown; ++i) {
      metrics.sample(types.rows[i].*field, {{"type", types.rows[i].name}});
    }
    metrics.sample(rest.*field, {{"type", "(other)"}});
  };
  put("objects", "Python objects, of the types with the most bytes.", &HistogramRow::count);
  put("object_bytes", "Bytes of Python objects as sys.getsizeof has them.", &HistogramRow::bytes);
  put("object_footprint_bytes", "Bytes that Python objects occupy.", &HistogramRow::footprint);
}

void put_memory(Metrics& metrics, const Inspection& inspection, const Histogram& types) {
  const ResidentParts parts = split_resident(inspection, types.total.footprint);
  metrics.family("resident_bytes", "Resident memory of the process, in parts.");
  metrics.sample(parts.objects, {{"part", "objects"}});
  metrics.sample(parts.free_in_pools, {{"part", "free_in_pools"}});
  metrics.sample(parts.other, {{"part", "other"}});
  metrics.one("swap_bytes", "Memory of the process in swap.", inspection.process.swap);
  if (!inspection.pools) return;
  metrics.family("pool_bytes", "Memory of Python's allocator of small blocks.");
  metrics.sample(inspection.pools->used_blocks, {{"state", "used_blocks"}});
  metrics.sample(inspection.pools->free_blocks, {{"state", "free_blocks"}});
  metrics.sample(inspection.pools->free_pools, {{"state", "free_pools"}});
}

void put_collector(Metrics& metrics, const Inspection& inspection, const Garbage& garbage) {
  metrics.one("garbage_objects", "Unreachable objects that wait for the collector.", garbage.count);
  metrics.one("garbage_bytes", "Their bytes.", garbage.bytes);
  if (inspection.collectors.empty()) return;
  const auto each = [&](auto take) {
    for (const CollectorState& collector : inspection.collectors) {
      for (std::size_t i = 0; i < collector.generations.size(); ++i) {
        take(collector.generations[i],
             MetricLabels{{"interpreter", std::to_string(collector.interpreter)},
                          {"generation", std::to_string(i)}});
      }
    }
  };
  metrics.family("gc_collections", "Collections since the interpreter began.");
  each([&](const auto& generation, const MetricLabels& labels) {
    metrics.sample(static_cast<double>(generation.collections), labels);
  });
  metrics.family("gc_collected_objects", "Objects that they freed.");
  each([&](const auto& generation, const MetricLabels& labels) {
    metrics.sample(static_cast<double>(generation.collected), labels);
  });
  metrics.family("gc_enabled", "Whether the collector is on.");
  for (const CollectorState& collector : inspection.collectors) {
    metrics.sample(std::uint64_t{collector.enabled ? 1U : 0U},
                   {{"interpreter", std::to_string(collector.interpreter)}});
  }
}

void put_look(Metrics& metrics, const Acquisition& acquisition, const WatchMetrics* watch) {
  using Seconds = std::chrono::duration<double>;
  constexpr double kMilli = 1e-3;
  metrics.one("pause_seconds", "For how long the process was stopped by this look.",
              acquisition.pause_ms * kMilli);
  metrics.one("look_timestamp_seconds", "When this look was.",
              Seconds(acquisition.taken_at.time_since_epoch()).count());
  metrics.family("faults", "What of the heap could not be read, by what was wrong.");
  for (std::size_t i = 0; i < acquisition.faults.size(); ++i) {
    metrics.sample(acquisition.faults[i],
                   {{"kind", std::string(fault_name(static_cast<Fault>(i)))}});
  }
  if (watch == nullptr) return;
  metrics.one("looks", "Looks of this watch.", watch->looks);
  metrics.one("stopped_seconds", "For how long they stopped the process, all together.",
              watch->stopped_seconds);
}

}  // namespace

bool is_label_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto valid = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name.front()) && !name.starts_with("__") &&
         std::all_of(name.begin(), name.end(), valid) &&
         std::find(kOwnLabels.begin(), kOwnLabels.end(), name) == kOwnLabels.end();
}

std::string openmetrics_text(const Inspection& inspection, const Histogram& types,
                             const Garbage& garbage, std::size_t top, const MetricLabels& labels,
                             const WatchMetrics* watch) {
  Metrics metrics(labels);
  put_types(metrics, types, top);
  put_memory(metrics, inspection, types);
  put_collector(metrics, inspection, garbage);
  put_look(metrics, inspection.acquisition, watch);
  return std::move(metrics).text();
}

}  // namespace heapglass
