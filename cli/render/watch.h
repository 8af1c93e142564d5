// One look of a watch, and its end, as text and as lines of JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/render/document.h"
#include "cli/render/terminal.h"
#include "inspector/analysis/histogram.h"
#include "inspector/analysis/suspects.h"
#include "inspector/analysis/trend.h"
#include "inspector/target/memory_use.h"

namespace heapglass {

struct WatchedType {
  std::string name;
  std::uint64_t count = 0, bytes = 0;
  std::int64_t grew = 0, bytes_grew = 0;  // since the first look
  double per_minute = 0;                  // objects, over the last looks
  std::vector<std::uint64_t> counts;      // of the last looks
};

struct WatchedLook {
  std::uint64_t number = 0;  // from 1
  double seconds = 0;        // since the first
  std::uint64_t objects = 0;
  std::uint64_t footprint = 0;        // of all objects
  std::uint64_t first_footprint = 0;  // in the first look
  std::uint64_t garbage = 0;          // objects
  MemoryUse memory;
  std::vector<std::int64_t> collections;  // by generation, since the look before
  double stopped_percent = 0;             // of the time since the first look, by all looks
  std::vector<WatchedType> types;         // most growth in bytes first
  std::vector<std::uint64_t> footprints;  // of the last looks
};

// The screen of a terminal, redrawn each time.
std::string watch_screen(const Inspection& inspection, const WatchedLook& look, std::size_t top,
                         const Terminal& terminal);
std::string watch_line(const Inspection& inspection, const WatchedLook& look,
                       const Terminal& terminal);
Json watch_json(const Inspection& inspection, const WatchedLook& look, std::size_t top);

struct WatchEnd {
  std::uint64_t looks = 0;
  std::uint64_t failed_looks = 0;
  double seconds = 0;
  double stopped_percent = 0;
  TrendFound trend;                 // of all objects' footprint
  std::optional<Suspicion> growth;  // between the first look and the last; of a single look none
  std::string reason;               // why it ended: "count", "growth", "interrupted", "gone"
};
std::string_view trend_name(Trend trend);
// "growing at 1.2 MB a minute: 5,010 more __main__.Session than before …".
std::string verdict_text(const WatchEnd& end);
std::string watch_end_text(const WatchEnd& end, const Terminal& terminal);
Json watch_end_json(const Inspection& inspection, const WatchEnd& end);

}  // namespace heapglass
