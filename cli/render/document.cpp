// "schema", "target", "acquisition": the keys of the contract first, then what else is known.
#include "cli/render/document.h"

#include <cmath>

#include "cli/render/numbers.h"

namespace heapglass {
namespace {

double to_microsecond(double milliseconds) { return std::round(milliseconds * 1000) / 1000; }

Json share_or_null(const std::optional<double>& value) {
  return value ? Json(std::round(*value * 10) / 10) : Json(nullptr);
}

}  // namespace

Json target_json(const TargetFacts& target) {
  return {{"pid", target.pid},
          {"exe", target.exe},
          {"python",
           {{"version", target.python_version},
            {"implementation", "cpython"},
            {"free_threaded", target.free_threaded},
            {"debug", target.debug}}}};
}

Json acquisition_json(const Acquisition& acquisition) {
  Json faults = Json::object();
  for (std::size_t i = 0; i < acquisition.faults.size(); ++i) {
    faults[std::string(fault_name(static_cast<Fault>(i)))] = acquisition.faults[i];
  }
  return {{"mode", mode_name(acquisition.mode)},
          {"pause_ms", to_microsecond(acquisition.pause_ms)},
          {"taken_at", iso_utc(acquisition.taken_at)},
          {"approximate", acquisition.approximate},
          {"gc_running", acquisition.gc_running},
          {"on_cpu_threads", acquisition.on_cpu_threads},
          {"objects_invalid", acquisition.objects_invalid()},
          {"missed", acquisition.missed},
          {"bytes_read", acquisition.bytes_read},
          {"own_sizeof", acquisition.own_sizeof},
          {"explained",
           {{"pool_percent", share_or_null(acquisition.pool_percent)},
            {"references_percent", share_or_null(acquisition.references_percent)}}},
          {"objects_changed", acquisition.objects_changed},
          {"clone_refused",
           acquisition.clone_refused.empty() ? Json(nullptr) : Json(acquisition.clone_refused)},
          {"threads", acquisition.threads},
          {"estimated_pause_ms", to_microsecond(acquisition.estimated_pause_ms)},
          {"bytes_left_out", acquisition.bytes_left_out},
          {"faults", std::move(faults)},
          {"inferred_objects", acquisition.inferred_objects},
          {"inferred_types", acquisition.inferred_types},
          {"negative_counts", acquisition.negative_counts}};
}

Json document_head(std::string_view name, Json target, Json acquisition) {
  return {{"schema", "heapglass." + std::string(name) + "/1"},
          {"target", std::move(target)},
          {"acquisition", std::move(acquisition)}};
}

Json document_head(std::string_view name, const Inspection& inspection) {
  return document_head(name, target_json(inspection.target),
                       acquisition_json(inspection.acquisition));
}

std::string write_json(const Json& document) {
  return document.dump(2, ' ', true, Json::error_handler_t::replace) + '\n';
}

std::string write_json_line(const Json& document) {
  return document.dump(-1, ' ', true, Json::error_handler_t::replace) + '\n';
}

}  // namespace heapglass
