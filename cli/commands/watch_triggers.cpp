#include "cli/commands/watch_triggers.h"

#include <boost/program_options/value_semantic.hpp>
#include <iostream>

#include "cli/output.h"
#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/units.h"
#include "inspector/snapshot/snapshot.h"

namespace heapglass {

namespace {

namespace po = boost::program_options;

constexpr std::uint64_t kMostKept = 10;

[[noreturn]] void no_value(const std::string& option, const std::string& given,
                           const std::string& example) {
  throw Failure(Exit::usage, "'" + given + "' is no value for --" + option,
                "--" + option + ' ' + example);
}

// Of "growth=20%" what follows `name`=.
std::optional<double> value_of(const std::string& given, std::string_view name) {
  if (!given.starts_with(name) || given.size() <= name.size() || given[name.size()] != '=') {
    return std::nullopt;
  }
  const auto value = parse_percent(std::string_view(given).substr(name.size() + 1));
  return value && *value > 0 ? value : std::nullopt;
}

}  // namespace

void add_trigger_options(po::options_description& options) {
  auto add = options.add_options();
  add("snapshot-on", po::value<std::string>()->value_name("growth=PERCENT"),
      "Keep a snapshot each time that all objects together have grown by so much more since the "
      "first look; the first ten.");
  add("on-pressure", po::value<std::vector<std::string>>()->value_name("WHAT"),
      "Look and keep a snapshot once when memory runs short: rss=90% (of the cgroup's limit, or of "
      "the machine's memory), events (memory.high or memory.max was reached), stalled=10% (PSI).");
  add("snapshot-dir", po::value<std::string>()->value_name("DIR"),
      "Where they are kept, as heapglass-PID-N.npz: here unless given.");
}

WatchTriggers::WatchTriggers(const Context& context) : context_(context) {
  const auto& own = context.own;
  if (own.count("snapshot-on") != 0) {
    const auto& given = own["snapshot-on"].as<std::string>();
    const auto step = value_of(given, "growth");
    if (!step) no_value("snapshot-on", given, "growth=20%");
    growth_step_ = next_growth_ = *step;
  }
  if (own.count("on-pressure") != 0) {
    for (const std::string& given : own["on-pressure"].as<std::vector<std::string>>()) {
      const auto rss = value_of(given, "rss"), stalled = value_of(given, "stalled");
      if (given == "events") {
        on_events_ = true;
      } else if (rss) {
        rss_percent_ = *rss;
      } else if (stalled) {
        stalled_percent_ = *stalled;
      } else {
        no_value("on-pressure", given, "rss=90%");
      }
    }
  }
  if (own.count("snapshot-dir") != 0) directory_ = own["snapshot-dir"].as<std::string>() + "/";
  if (!directory_.empty() && !keeps_snapshots()) {
    throw Failure(Exit::usage, "--snapshot-dir is where snapshots go, and none is asked for",
                  "--snapshot-on growth=20%");
  }
}

std::string WatchTriggers::reason_of(const Pressure& pressure) const {
  const double share = pressure.limit == 0 ? 0
                                           : 100 * static_cast<double>(pressure.rss) /
                                                 static_cast<double>(pressure.limit);
  if (rss_percent_ > 0 && share >= rss_percent_) {
    return human_bytes(pressure.rss) + " are resident of " + human_bytes(pressure.limit) +
           " that may be";
  }
  if (on_events_ && events_ && pressure.events > *events_) {
    return "its memory cgroup reached memory.high or memory.max";
  }
  if (stalled_percent_ > 0 && pressure.stalled_percent >= stalled_percent_) {
    return "tasks of its cgroup wait for memory";
  }
  return {};
}

bool WatchTriggers::under_pressure() {
  constexpr std::chrono::milliseconds kApart{250};
  const auto now = std::chrono::steady_clock::now();
  if (!watches_pressure() || was_under_pressure_ || now - asked_ < kApart) return false;
  asked_ = now;
  const auto pressure = read_pressure(context_.source.pid);
  if (!pressure) return false;
  if (!events_) events_ = pressure->events;
  pressure_ = reason_of(*pressure);
  was_under_pressure_ = !pressure_.empty();
  return was_under_pressure_;
}

void WatchTriggers::looked(const Inspection& inspection, double growth) {
  if (!pressure_.empty()) {
    keep(inspection, std::exchange(pressure_, {}));
  } else if (growth_step_ > 0 && growth >= next_growth_) {
    keep(inspection, "all objects together grew by " +
                         std::to_string(static_cast<std::uint64_t>(growth)) + " %");
  } else {
    return;
  }
  while (growth_step_ > 0 && next_growth_ <= growth) next_growth_ += growth_step_;
  if (kept_ == kMostKept) growth_step_ = 0;
}

void WatchTriggers::keep(const Inspection& inspection, const std::string& why) {
  const std::string path =
      directory_ + "heapglass-" + context_.source.word() + '-' + std::to_string(++kept_) + ".npz";
  Output output(path, context_.options.force, context_.run);
  write_snapshot(output.descriptor(), inspection, false, context_.run);
  output.commit();
  if (!context_.options.quiet) {
    std::cerr << "heapglass: " << escape_terminal(why + ": kept " + path) << '\n';
  }
}

}  // namespace heapglass
