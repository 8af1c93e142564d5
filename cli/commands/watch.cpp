// heapglass watch PID: look after look, until it is told to end or the process does.
#include "cli/render/watch.h"

#include <boost/program_options/value_semantic.hpp>
#include <deque>
#include <functional>
#include <iostream>
#include <thread>
#include <unordered_map>

#include "cli/commands/commands.h"
#include "cli/commands/inspection.h"
#include "cli/commands/metric_options.h"
#include "cli/commands/watch_triggers.h"
#include "cli/output.h"
#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/units.h"
#include "inspector/analysis/garbage.h"
#include "inspector/analysis/growth.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

po::typed_value<std::string>* text(const char* placeholder) {
  return po::value<std::string>()->value_name(placeholder);
}

void add_own_options(po::options_description& options) {
  auto add = options.add_options();
  add("interval", text("DURATION"), "Between the beginnings of two looks: 10s unless given.");
  add("count", text("N"), "End after so many looks; without it at Ctrl-C, or with the process.");
  add("until-growth", text("PERCENT"),
      "End when all objects together are so much larger than at the first look: 20%.");
  add("max-overhead", text("PERCENT"),
      "Stop the process for at most this share of the time, and look more rarely where the "
      "interval "
      "would need more: 1% unless given.");
  add_trigger_options(options);
  add("metrics-file", text("FILE"),
      "After each look write its metrics to this file (replaced at once, readable by all), for "
      "node_exporter's textfile collector.");
  add_metric_options(options);
}

struct Asked {
  std::chrono::nanoseconds interval = std::chrono::seconds(10);
  std::uint64_t count = 0;   // 0: no end
  double until_growth = 0;   // percent; 0: no end
  double max_overhead = 1;   // percent
  std::string metrics_file;  // empty: none
  MetricOptions metrics;
};

template <class Value, class Parse>
void read_own(const Context& context, const char* name, Value& into, Parse parse,
              const char* example) {
  if (context.own.count(name) == 0) return;
  const auto& given = context.own[name].as<std::string>();
  const auto value = parse(given);
  if (!value || *value == std::decay_t<decltype(*value)>{}) {
    throw Failure(Exit::usage, "'" + given + "' is no value for --" + name,
                  "--" + std::string(name) + ' ' + example);
  }
  into = *value;
}

Asked read_own_options(const Context& context) {
  Asked asked;
  read_own(context, "interval", asked.interval, parse_duration, "10s");
  read_own(context, "count", asked.count, parse_count, "6");
  read_own(context, "until-growth", asked.until_growth, parse_percent, "20%");
  read_own(context, "max-overhead", asked.max_overhead, parse_percent, "1%");
  if (context.own.count("metrics-file") != 0) {
    asked.metrics_file = context.own["metrics-file"].as<std::string>();
  } else if (has_metric_options(context)) {
    throw Failure(Exit::usage, "--label and --metric-types are for metrics",
                  "--metrics-file FILE.prom, or leave them out");
  }
  asked.metrics = read_metric_options(context);
  if (context.source.pid == 0) {
    throw Failure(Exit::usage, "a snapshot does not change, so there is nothing to watch",
                  "heapglass watch PID");
  }
  return asked;
}

// Lines as they come: to standard output at once, to a file that is there at the end, whatever
// ended the watch.
class Lines {
 public:
  explicit Lines(const Context& context) {
    Run run = context.run;
    run.interrupted = nullptr;
    if (!context.options.output.empty()) {
      file_.emplace(context.options.output, context.options.force, run);
    }
  }
  void write(const std::string& line) {
    if (file_) {
      file_->write(line);
      return;
    }
    Output out({}, false, Run{});
    out.write(line);
    out.commit();
  }
  void end() {
    if (file_) file_->commit();
  }

 private:
  std::optional<Output> file_;
};

// What is remembered of all looks: bounded, however long the watch.
class History {
 public:
  void add(const Inspection& inspection) {
    Histogram types = histogram(inspection.graph, {});
    if (looks_++ == 0) {
      first_ = types;
      began_ = inspection.acquisition.taken_at;
    }
    seconds_ = Seconds(inspection.acquisition.taken_at - began_).count();
    points_.push_back({seconds_, static_cast<double>(types.total.footprint)});
    constexpr std::size_t kMostPoints = 512;
    if (points_.size() > kMostPoints) thin_out();
    stopped_ += inspection.acquisition.pause_ms / 1000;
    Lately& now = lately_.emplace_back(Lately{seconds_, std::move(types), {}});
    for (const HistogramRow& row : now.types.rows) now.counts.emplace(row.name, row.count);
    if (lately_.size() > kLately) lately_.pop_front();
  }

  std::uint64_t looks() const { return looks_; }
  double seconds() const { return seconds_; }
  double stopped() const { return stopped_; }
  const Histogram& types() const { return lately_.back().types; }
  double stopped_percent() const { return seconds_ > 0 ? 100 * stopped_ / seconds_ : 0; }
  // Of all objects' footprint since the first look, percent.
  double growth() const {
    const auto then = static_cast<double>(first_.total.footprint);
    return then == 0 ? 0 : 100 * (static_cast<double>(types().total.footprint) / then - 1);
  }
  TrendFound trend() const {
    constexpr double kLeast = 16 << 10, kLeastPart = 0.002;
    return find_trend(points_,
                      std::max(kLeast, kLeastPart * static_cast<double>(first_.total.footprint)));
  }

  WatchedLook look(std::size_t most_types) const {
    WatchedLook result;
    result.number = looks_;
    result.seconds = seconds_;
    result.objects = types().total.count;
    result.footprint = types().total.footprint;
    result.first_footprint = first_.total.footprint;
    result.stopped_percent = stopped_percent();
    for (const Lately& then : lately_) result.footprints.push_back(then.types.total.footprint);
    for (const GrownRow& row : grown_rows(first_, types(), HistogramSort::bytes)) {
      if (result.types.size() == most_types) break;
      result.types.push_back(watched(row));
    }
    return result;
  }

 private:
  static constexpr std::size_t kLately = 20;
  struct Lately {
    double seconds = 0;
    Histogram types;
    std::unordered_map<std::string, std::uint64_t> counts;  // of its rows, by name
  };

  WatchedType watched(const GrownRow& row) const {
    WatchedType type{
        row.now.name,
        row.now.count,
        row.now.bytes,
        static_cast<std::int64_t>(row.now.count) - static_cast<std::int64_t>(row.before.count),
        static_cast<std::int64_t>(row.now.bytes) - static_cast<std::int64_t>(row.before.bytes),
        0,
        {}};
    for (const Lately& then : lately_) {
      const auto at = then.counts.find(row.now.name);
      type.counts.push_back(at == then.counts.end() ? 0 : at->second);
    }
    const double time = lately_.back().seconds - lately_.front().seconds;
    constexpr double kMinute = 60;
    if (time > 0) {
      type.per_minute =
          (static_cast<double>(type.counts.back()) - static_cast<double>(type.counts.front())) /
          time * kMinute;
    }
    return type;
  }

  void thin_out() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < points_.size(); i += 2) points_[kept++] = points_[i];
    points_.resize(kept);
  }

  Histogram first_;
  std::chrono::system_clock::time_point began_;
  std::uint64_t looks_ = 0;
  double seconds_ = 0, stopped_ = 0;
  std::vector<TrendPoint> points_;
  std::deque<Lately> lately_;
};

std::vector<std::int64_t> collections_since(const Inspection* before, const Inspection& now) {
  std::vector<std::int64_t> result;
  if (before == nullptr) return result;
  for (const CollectorState& collector : now.collectors) {
    for (const CollectorState& then : before->collectors) {
      if (then.interpreter != collector.interpreter) continue;
      result.resize(collector.generations.size());
      for (std::size_t i = 0; i < result.size(); ++i) {
        result[i] += collector.generations[i].collections - then.generations[i].collections;
      }
    }
  }
  return result;
}

class Watch {
 public:
  Watch(Context& context, const Asked& asked)
      : context_(context), asked_(asked), triggers_(context), lines_(context) {}

  Exit run() {
    Clock::time_point due = Clock::now();
    while (ended_by_.empty()) {
      if (!wait_until(due)) break;
      look();
      due = std::max(due + pause_between(), Clock::now());
    }
    conclude_watch();
    return Exit::done;
  }

 private:
  // As long as the interval, or as the stops have to be apart.
  std::chrono::nanoseconds pause_between() {
    const double apart = last_pause_ / (asked_.max_overhead / 100);
    const auto least = std::chrono::duration_cast<std::chrono::nanoseconds>(Seconds(apart));
    if (least > asked_.interval && !stretched_ && !context_.options.quiet) {
      stretched_ = true;
      remark("the process is stopped for " + human_ms(last_pause_ * 1000) +
             " by a look: they are further apart than --interval says, to stay below "
             "--max-overhead");
    }
    return std::max(least, asked_.interval);
  }

  // False: asked to end. Meanwhile it looks for pressure.
  bool wait_until(Clock::time_point due) {
    constexpr std::chrono::milliseconds kTick{100};
    while (true) {
      if (context_.run.stopping()) {
        ended_by_ = "interrupted";
        return false;
      }
      if (last_ && triggers_.under_pressure()) return true;
      const auto left = due - Clock::now();
      if (left <= left.zero()) return true;
      std::this_thread::sleep_for(std::min<Clock::duration>(left, kTick));
    }
  }

  void look() {
    try {
      Inspection now = inspect_target(
          context_,
          {.names = true, .columns = triggers_.keeps_snapshots() ? kAllColumns : kNoColumns});
      const std::uint64_t began = last_ ? last_->process.start_ticks : now.process.start_ticks;
      if (now.process.start_ticks != began) {
        throw Failure(Exit::target_gone,
                      "process " + context_.source.word() + " is another one now");
      }
      failed_in_a_row_ = 0;
      take(std::move(now));
    } catch (const Interrupted&) {
      ended_by_ = "interrupted";
    } catch (const Failure& failure) {
      if (!last_) throw;
      constexpr int kMostFailures = 3;
      ++failed_looks_;
      const bool passing = failure.exit() == Exit::incomplete && ++failed_in_a_row_ < kMostFailures;
      if (passing) {
        remark(std::string("this look failed: ") + failure.what());
        return;
      }
      ended_by_ = failure.exit() == Exit::target_gone ? "gone" : "failed";
      failure_ = failure;
    }
  }

  void take(Inspection now) {
    history_.add(now);
    last_pause_ = now.acquisition.pause_ms / 1000;
    const Garbage garbage = find_garbage(now.graph, now.weak_entries, now.target.free_threaded);
    print(now, garbage);
    write_metrics(now, garbage);
    triggers_.looked(now, history_.growth());
    const bool last_look = asked_.count != 0 && history_.looks() >= asked_.count;
    if (last_look) ended_by_ = "count";
    if (asked_.until_growth > 0 && history_.growth() >= asked_.until_growth) ended_by_ = "growth";
    if (first_) {
      last_ = std::move(now);
    } else {
      first_ = std::make_unique<Inspection>(std::move(now));
      last_.emplace();
      last_->target = first_->target;
      last_->process = first_->process;
      last_->acquisition = first_->acquisition;
      last_->collectors = first_->collectors;
    }
  }

  void print(const Inspection& now, const Garbage& garbage) {
    const std::size_t top = rows_to_show(context_.options);
    WatchedLook look = history_.look(top);
    look.garbage = garbage.count;
    look.memory = read_memory_use(context_.source.pid).value_or(MemoryUse{});
    look.collections = collections_since(last_ ? &*last_ : nullptr, now);
    const Terminal& terminal = context_.terminal;
    if (context_.options.format == Format::json) {
      lines_.write(write_json_line(watch_json(now, look, top)));
    } else if (terminal.interactive) {
      lines_.write("\033[H\033[J" + watch_screen(now, look, top, terminal));
    } else {
      lines_.write(watch_line(now, look, terminal));
    }
  }

  void write_metrics(const Inspection& now, const Garbage& garbage) {
    if (asked_.metrics_file.empty()) return;
    const WatchMetrics watch{history_.looks(), history_.stopped()};
    Output file(asked_.metrics_file, true, context_.run);
    file.let_all_read();
    file.write(openmetrics_text(now, history_.types(), garbage, asked_.metrics.types,
                                asked_.metrics.labels, &watch));
    file.commit();
  }

  void conclude_watch() {
    if (!last_) throw Interrupted{context_.run.interrupted->load()};
    WatchEnd end;
    end.looks = history_.looks();
    end.failed_looks = failed_looks_;
    end.seconds = history_.seconds();
    end.stopped_percent = history_.stopped_percent();
    end.trend = history_.trend();
    end.reason = ended_by_;
    if (end.looks > 1) end.growth = find_growth(first_->graph, last_->graph, end.seconds);
    lines_.write(context_.options.format == Format::json
                     ? write_json_line(watch_end_json(*last_, end))
                     : watch_end_text(end, context_.terminal));
    lines_.end();
    if (failure_) throw Failure(*failure_);
    if (ended_by_ == "interrupted") throw Interrupted{context_.run.interrupted->load()};
  }

  void remark(const std::string& what) const {
    if (!context_.options.quiet) std::cerr << "heapglass: " << escape_terminal(what) << '\n';
  }

  Context& context_;
  const Asked& asked_;
  WatchTriggers triggers_;
  Lines lines_;
  History history_;
  std::unique_ptr<Inspection> first_;  // null: none yet
  std::optional<Inspection> last_;     // of the first look without its graph
  double last_pause_ = 0;              // seconds
  bool stretched_ = false;
  int failed_in_a_row_ = 0;
  std::uint64_t failed_looks_ = 0;
  std::string ended_by_;
  std::optional<Failure> failure_;
};

Exit run(Context& context) {
  refuse_csv(context);
  const Asked asked = read_own_options(context);
  return Watch(context, asked).run();
}

}  // namespace

Command watch_command() {
  return {
      .name = "watch",
      .summary = "look after look: what grows, how fast, and at the end whether it leaks",
      .about =
          "Looks again and again, and shows what grew since the first look: on a terminal a\n"
          "table that is redrawn, else a line for each look (with --json a document on one\n"
          "line). At the end it says whether the heap is steady, warming up, or growing at\n"
          "so much a minute, by which types, held by which path. Each look stops the\n"
          "process for a moment: for how much of the time is shown, and --max-overhead\n"
          "bounds it.",
      .example =
          "  heapglass watch 1234\n"
          "  heapglass watch 1234 --interval 1m --count 60 --json -o watch.ndjson\n"
          "  heapglass watch 1234 --snapshot-on growth=20% --on-pressure rss=90%\n"
          "  heapglass watch 1234 --metrics-file /var/lib/node_exporter/shop.prom --quiet",
      .groups = kGeneral | kFormats | kTops | kProcess | kReading | kNoSave,
      .add_options = add_own_options,
      .run = run,
  };
}

}  // namespace heapglass
