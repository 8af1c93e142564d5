#include "inspector/snapshot/snapshot_json.h"

#include <algorithm>
#include <chrono>

namespace heapglass {

namespace {

using Json = nlohmann::json;

// One list of fields for both directions: `take(key, member)`.
template <class Facts, class Take>
void each_target_field(Facts& facts, Take take) {
  take("pid", facts.pid);
  take("exe", facts.exe);
  take("python_version", facts.python_version);
  take("free_threaded", facts.free_threaded);
  take("debug", facts.debug);
}

template <class Facts, class Take>
void each_process_field(Facts& facts, Take take) {
  take("pid", facts.pid);
  take("inner_pid", facts.inner_pid);
  take("parent", facts.parent);
  take("uid", facts.uid);
  take("threads", facts.threads);
  take("start_ticks", facts.start_ticks);
  take("age_seconds", facts.age_seconds);
  take("rss", facts.rss);
  take("swap", facts.swap);
  take("exe", facts.exe);
  take("command", facts.command);
}

template <class Facts, class Take>
void each_acquisition_field(Facts& facts, Take take) {
  take("pause_ms", facts.pause_ms);
  take("estimated_pause_ms", facts.estimated_pause_ms);
  take("approximate", facts.approximate);
  take("gc_running", facts.gc_running);
  take("threads", facts.threads);
  take("on_cpu_threads", facts.on_cpu_threads);
  take("bytes_read", facts.bytes_read);
  take("bytes_left_out", facts.bytes_left_out);
  take("missed", facts.missed);
  take("faults", facts.faults);
  take("inferred_objects", facts.inferred_objects);
  take("inferred_types", facts.inferred_types);
  take("negative_counts", facts.negative_counts);
  take("own_sizeof", facts.own_sizeof);
  take("pool_bytes", facts.pool_bytes);
}

template <class Facts, class Take>
void each_pool_field(Facts& facts, Take take) {
  take("arena_bytes", facts.arena_bytes);
  take("used_blocks", facts.used_blocks);
  take("free_blocks", facts.free_blocks);
  take("free_pools", facts.free_pools);
}

template <class Facts, class Take>
void each_collector_field(Facts& facts, Take take) {
  take("interpreter", facts.interpreter);
  take("enabled", facts.enabled);
}

template <class Facts, class Take>
void each_generation_field(Facts& facts, Take take) {
  take("threshold", facts.threshold);
  take("count", facts.count);
  take("collections", facts.collections);
  take("collected", facts.collected);
  take("uncollectable", facts.uncollectable);
}

auto put_into(Json& json) {
  return [&json](const char* key, const auto& value) { json[key] = value; };
}
auto get_from(const Json& json) {
  return [&json](const char* key, auto& value) { json.at(key).get_to(value); };
}

Json optional_json(const std::optional<double>& value) { return value ? Json(*value) : Json(); }
std::optional<double> optional_from(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<double>());
}

Json collectors_json(const std::vector<CollectorState>& collectors) {
  Json all = Json::array();
  for (const CollectorState& collector : collectors) {
    Json& json = all.emplace_back();
    each_collector_field(collector, put_into(json));
    for (const CollectorState::Generation& generation : collector.generations) {
      each_generation_field(generation, put_into(json["generations"].emplace_back()));
    }
  }
  return all;
}

std::vector<CollectorState> collectors_from(const Json& json) {
  std::vector<CollectorState> all;
  for (const Json& item : json) {
    CollectorState& collector = all.emplace_back();
    each_collector_field(collector, get_from(item));
    for (std::size_t i = 0; i < collector.generations.size(); ++i) {
      each_generation_field(collector.generations[i], get_from(item.at("generations").at(i)));
    }
  }
  return all;
}

using Microseconds = std::chrono::microseconds;

}  // namespace

Json inspection_json(const Inspection& inspection) {
  Json json;
  const Acquisition& acquisition = inspection.acquisition;
  each_target_field(inspection.target, put_into(json["target"]));
  each_process_field(inspection.process, put_into(json["process"]));
  Json& acquired = json["acquisition"];
  each_acquisition_field(acquisition, put_into(acquired));
  acquired["mode"] = mode_name(acquisition.mode);
  acquired["taken_at_us"] =
      std::chrono::duration_cast<Microseconds>(acquisition.taken_at.time_since_epoch()).count();
  acquired["pool_percent"] = optional_json(acquisition.pool_percent);
  acquired["references_percent"] = optional_json(acquisition.references_percent);
  if (inspection.pools) each_pool_field(*inspection.pools, put_into(json["pools"]));
  json["collectors"] = collectors_json(inspection.collectors);
  json["pooled"] = inspection.graph.pooled;
  return json;
}

Inspection inspection_from_json(const Json& json) {
  Inspection inspection;
  Acquisition& acquisition = inspection.acquisition;
  each_target_field(inspection.target, get_from(json.at("target")));
  each_process_field(inspection.process, get_from(json.at("process")));
  const Json& acquired = json.at("acquisition");
  each_acquisition_field(acquisition, get_from(acquired));
  acquisition.mode = Mode::snapshot;
  // Nanoseconds of any year would not fit.
  constexpr std::int64_t kYear2200 = 7'258'118'400'000'000;
  acquisition.taken_at = std::chrono::system_clock::time_point(Microseconds(
      std::clamp<std::int64_t>(acquired.at("taken_at_us").get<std::int64_t>(), 0, kYear2200)));
  acquisition.pool_percent = optional_from(acquired.at("pool_percent"));
  acquisition.references_percent = optional_from(acquired.at("references_percent"));
  if (json.contains("pools")) {
    each_pool_field(inspection.pools.emplace(), get_from(json.at("pools")));
  }
  inspection.collectors = collectors_from(json.at("collectors"));
  return inspection;
}

}  // namespace heapglass
