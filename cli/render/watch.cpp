#include "cli/render/watch.h"

#include <algorithm>
#include <cmath>

#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/render/objects.h"
#include "cli/render/sparkline.h"
#include "cli/render/suspects.h"
#include "cli/render/table.h"

namespace heapglass {
namespace {

std::string share(double percent) {
  const double rounded = std::round(percent * 100) / 100;
  std::string text = std::to_string(rounded);
  return text.substr(0, text.find('.') + 3) + " %";
}

std::string rate(double per_minute) {
  return signed_thousands(static_cast<std::int64_t>(std::llround(per_minute)));
}

std::int64_t growth(std::uint64_t before, std::uint64_t now) {
  return static_cast<std::int64_t>(now) - static_cast<std::int64_t>(before);
}

std::string collections_text(const WatchedLook& look) {
  std::string text;
  for (const std::int64_t count : look.collections) text += ' ' + signed_thousands(count);
  return text.empty() ? " unknown" : text;
}

std::string clock_text(const Acquisition& acquisition) {
  constexpr std::size_t kDate = 11, kTime = 8;
  return iso_utc(acquisition.taken_at).substr(kDate, kTime);
}

}  // namespace

std::string watch_screen(const Inspection& inspection, const WatchedLook& look, std::size_t top,
                         const Terminal& terminal) {
  using Align = Column::Align;
  std::string text =
      terminal.bold("process " + std::to_string(inspection.target.pid) + ", look " +
                    std::to_string(look.number) + " at " + clock_text(inspection.acquisition)) +
      ", " + human_age(look.seconds) + " watched\n";
  text += "RSS " + human_bytes(look.memory.rss) + ", USS " + human_bytes(look.memory.uss) +
          "; Python objects " + human_bytes(look.footprint) + " (" +
          signed_bytes(growth(look.first_footprint, look.footprint)) + ") in " +
          thousands(look.objects) + "  " + sparkline(look.footprints, terminal.unicode) + '\n';
  text += "garbage " + count_of(look.garbage, "object") + ", collections" + collections_text(look) +
          ", paused " + human_ms(inspection.acquisition.pause_ms) + ", stopped " +
          share(look.stopped_percent) + " of the time\n\n";
  Table table;
  for (const char* title : {"GREW", "A MINUTE", "COUNT", "SIZE GREW", "SIZE"}) {
    table.columns.push_back({title, Align::right, Column::Fit::whole});
  }
  table.columns.push_back({"LATELY", Align::left, Column::Fit::whole});
  table.columns.push_back({"TYPE", Align::left, Column::Fit::cut_middle});
  for (std::size_t i = 0; i < std::min(top, look.types.size()); ++i) {
    const WatchedType& type = look.types[i];
    table.rows.push_back({signed_thousands(type.grew), rate(type.per_minute), thousands(type.count),
                          signed_bytes(type.bytes_grew), human_bytes(type.bytes),
                          sparkline(type.counts, terminal.unicode), type.name});
  }
  return text + render_table(table, terminal);
}

std::string watch_line(const Inspection& inspection, const WatchedLook& look,
                       const Terminal& terminal) {
  std::string text = clock_text(inspection.acquisition) + "  rss " + human_bytes(look.memory.rss) +
                     ", objects " + human_bytes(look.footprint) + " (" +
                     signed_bytes(growth(look.first_footprint, look.footprint)) + "), garbage " +
                     thousands(look.garbage) + ", collections" + collections_text(look) +
                     ", paused " + human_ms(inspection.acquisition.pause_ms);
  if (!look.types.empty() && look.types[0].bytes_grew > 0) {
    text += ", " + signed_thousands(look.types[0].grew) + ' ' +
            for_terminal(escape_terminal(look.types[0].name), terminal);
  }
  return text + '\n';
}

Json watch_json(const Inspection& inspection, const WatchedLook& look, std::size_t top) {
  Json document = document_head("watch", inspection);
  document["look"] = look.number;
  document["seconds"] = look.seconds;
  document["rss"] = look.memory.rss;
  document["uss"] = look.memory.uss;
  document["pss"] = look.memory.pss;
  document["swap"] = look.memory.swap;
  document["objects"] = look.objects;
  document["footprint"] = look.footprint;
  document["footprint_first"] = look.first_footprint;
  document["garbage_objects"] = look.garbage;
  document["collections"] = look.collections;
  document["stopped_percent"] = look.stopped_percent;
  Json& types = document["types"] = Json::array();
  for (std::size_t i = 0; i < std::min(top, look.types.size()); ++i) {
    const WatchedType& type = look.types[i];
    types.push_back({{"type", type.name},
                     {"count", type.count},
                     {"bytes", type.bytes},
                     {"grew", type.grew},
                     {"bytes_grew", type.bytes_grew},
                     {"per_minute", type.per_minute}});
  }
  return document;
}

std::string_view trend_name(Trend trend) {
  switch (trend) {
    case Trend::unknown:
      return "unknown";
    case Trend::steady:
      return "steady";
    case Trend::warming_up:
      return "warming_up";
    case Trend::growing:
      return "growing";
  }
  return "unknown";
}

std::string verdict_text(const WatchEnd& end) {
  const std::string pace =
      human_bytes(static_cast<std::uint64_t>(std::max(end.trend.per_minute, 0.0))) + " a minute";
  switch (end.trend.trend) {
    case Trend::unknown:
      return "too few looks to tell whether it grows";
    case Trend::steady:
      return "steady: all objects together did not grow in the second half of the time";
    case Trend::warming_up:
      return "warming up: it grew, and by less and less, " + pace + " lately";
    case Trend::growing:
      break;
  }
  return "growing at " + pace + (end.growth ? ": " + end.growth->verdict : std::string());
}

std::string watch_end_text(const WatchEnd& end, const Terminal& terminal) {
  std::string text = for_terminal(escape_terminal(verdict_text(end)), terminal) + '\n';
  if (end.growth && end.trend.trend == Trend::growing) {
    constexpr std::size_t kFew = 3;
    Suspicion suspects = *end.growth;
    suspects.verdict.clear();
    if (!suspects.suspects.empty()) {
      text += suspects_text(suspects, kFew, terminal).substr(1);
      text += '\n';
    }
  }
  text += count_of(end.looks, "look") + " in " + human_age(end.seconds) + ", the process stopped " +
          share(end.stopped_percent) + " of the time";
  if (end.failed_looks != 0) text += ", " + count_of(end.failed_looks, "look") + " failed";
  return text + '\n';
}

Json watch_end_json(const Inspection& inspection, const WatchEnd& end) {
  Json document = document_head("watch", inspection);
  document["looks"] = end.looks;
  document["failed_looks"] = end.failed_looks;
  document["seconds"] = end.seconds;
  document["stopped_percent"] = end.stopped_percent;
  document["ended_by"] = end.reason;
  document["trend"] = trend_name(end.trend.trend);
  document["bytes_per_minute"] = end.trend.per_minute;
  put_suspects(document, end.growth.value_or(Suspicion{}), SIZE_MAX);
  document["verdict"] = verdict_text(end);
  return document;
}

}  // namespace heapglass
