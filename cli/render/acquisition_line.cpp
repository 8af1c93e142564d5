// Acquisition -> one line on stderr.
#include "cli/render/acquisition_line.h"

#include <algorithm>

#include "cli/render/escape.h"
#include "cli/render/numbers.h"

namespace heapglass {
namespace {

std::string how(Mode mode) {
  switch (mode) {
    case Mode::pause:
    case Mode::clone:
      return "paused ";
    case Mode::live:
      return "not paused";
    case Mode::core:
    case Mode::snapshot:
      break;
  }
  return {};
}

std::string faults_by_kind(const Acquisition& acquisition) {
  std::string result;
  for (std::size_t i = 0; i < acquisition.faults.size(); ++i) {
    if (acquisition.faults[i] == 0) continue;
    std::string name(fault_name(static_cast<Fault>(i)));
    std::replace(name.begin(), name.end(), '_', ' ');
    result += (result.empty() ? "" : ", ") + thousands(acquisition.faults[i]) + ' ' + name;
  }
  return result;
}

// The first few; a service may have hundreds.
std::string inferred_names(const Acquisition& acquisition, bool verbose) {
  constexpr std::size_t kFew = 3;
  constexpr std::size_t kNameColumns = 60;
  const std::size_t shown = std::min(acquisition.inferred_types.size(),
                                     verbose ? acquisition.inferred_types.size() : kFew);
  std::string result;
  for (std::size_t i = 0; i < shown; ++i) {
    result += i == 0 ? "" : ", ";
    result += cut_middle(escape_terminal(acquisition.inferred_types[i]), kNameColumns, "...");
  }
  return shown < acquisition.inferred_types.size() ? result + ", ..." : result;
}

}  // namespace

std::string acquisition_line(const Acquisition& acquisition, bool verbose) {
  std::string line = how(acquisition.mode);
  if (acquisition.mode == Mode::clone) line = "cloned, paused ";
  if (!line.empty() && acquisition.mode != Mode::live) line += human_ms(acquisition.pause_ms);
  if (verbose && acquisition.estimated_pause_ms > 0) {
    line += " (" + human_ms(acquisition.estimated_pause_ms) + " estimated)";
  }
  if (acquisition.mode == Mode::snapshot) line = "snapshot of " + iso_utc(acquisition.taken_at);
  if (acquisition.mode == Mode::core) line = "core of " + iso_utc(acquisition.taken_at);
  line += (line.empty() ? "" : ", ") + human_bytes(acquisition.bytes_read) + " copied";
  if (verbose && acquisition.bytes_left_out > 0) {
    line += " (" + human_bytes(acquisition.bytes_left_out) + " without objects left out)";
  }
  line += ", " + count_of(acquisition.threads, "thread");
  if (acquisition.mode != Mode::live) {
    line += " (" + thousands(acquisition.on_cpu_threads) + " on CPU)";
  }
  if (acquisition.approximate) {
    line += ", approximate: " + count_of(acquisition.objects_changed, "object") +
            " changed while they were read";
  }
  if (acquisition.gc_running) line += ", the collector was running";
  if (acquisition.objects_invalid() > 0) {
    line += ", " + thousands(acquisition.objects_invalid()) + " invalid (" +
            faults_by_kind(acquisition) + ')';
  }
  if (acquisition.inferred_objects > 0) {
    line += ", " + count_of(acquisition.inferred_objects, "object") +
            " of types without a table, read conservatively";
    if (!acquisition.inferred_types.empty()) {
      line += " (" + inferred_names(acquisition, verbose) + ')';
    }
  }
  if (acquisition.missed > 0) line += ", " + thousands(acquisition.missed) + " missed";
  if (verbose && acquisition.negative_counts > 0) {
    line += ", " + count_of(acquisition.negative_counts, "object") +
            " with more references than its count";
  }
  return line;
}

std::optional<std::string> too_much_invalid(const Acquisition& acquisition, std::uint64_t objects) {
  constexpr std::uint64_t kOneIn = 100;
  // Of a look without a stop a tenth may be torn, and half of it gone since: it is no more than
  // an estimate anyway.
  constexpr std::uint64_t kOneInOfLive = 10, kOneInChanged = 2;
  if (acquisition.objects_changed > objects / kOneInChanged) {
    return thousands(acquisition.objects_changed) + " of " + thousands(objects) +
           " objects changed while they were read, so the result is worth little";
  }
  const std::uint64_t one_in = acquisition.approximate ? kOneInOfLive : kOneIn;
  if (acquisition.objects_invalid() <= objects / one_in) return std::nullopt;
  return thousands(acquisition.objects_invalid()) + " objects could not be read (" +
         faults_by_kind(acquisition) + ") beside " + thousands(objects) +
         " that could, so the result is incomplete";
}

}  // namespace heapglass
