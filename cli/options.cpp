// Shared options: their one-sentence help, and their values.
#include "cli/options.h"

#include <boost/program_options/value_semantic.hpp>
#include <limits>

#include "cli/nearest.h"
#include "cli/units.h"
#include "symbols/failure.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;

// Promised by the contract and not built yet: refused by name, so that nobody takes a pause for a
// clone.
struct Later {
  const char* name;
  bool takes_value;
  const char* remedy;
  unsigned built = 0;  // groups of commands that have it already
};
constexpr Later kLater[] = {
    {"native", false, "leave it out: types without a table are read conservatively"},
    {"children", false, "heapglass ps, then one command for each process", kChildren},
    {"values", false, "leave it out: types, counts and sizes are shown without contents", kValues},
    {"over", true, "heapglass histogram PID --over 60s", kOver},
};

po::typed_value<std::string>* text(const char* placeholder) {
  return po::value<std::string>()->value_name(placeholder);
}

std::string get(const po::variables_map& values, const char* name) {
  return values.count(name) == 0 ? std::string() : values[name].as<std::string>();
}

bool is_set(const po::variables_map& values, const char* name) {
  return values.count(name) != 0 && values[name].as<bool>();
}

Format read_format(const po::variables_map& values, unsigned groups) {
  // export has a --format of its own.
  if (values.count("json") == 0) return Format::table;
  const bool json = is_set(values, "json");
  if (values.count("format") == 0) return json ? Format::json : Format::table;
  const std::string name = get(values, "format");
  std::vector<std::string> names{"table", "json", "csv"};
  if (groups & kDot) names.emplace_back("dot");
  const auto format = static_cast<Format>(one_of("--format", name, names));
  if (json && format != Format::json) {
    throw Failure(Exit::usage, "--json and --format " + name + " contradict each other",
                  "give one of them");
  }
  return format;
}

Mode read_mode(const po::variables_map& values, unsigned groups) {
  const bool pause = is_set(values, "pause"), clone = is_set(values, "clone"),
             live = is_set(values, "live");
  if (pause + clone + live > 1) {
    throw Failure(Exit::usage, "--pause, --clone and --live contradict each other",
                  "give one of them");
  }
  if (!live) return clone ? Mode::clone : Mode::pause;
  if ((groups & kLive) == 0) {
    throw Failure(Exit::usage,
                  "--live reads objects of different moments, which counts can do with, but not "
                  "what refers to what",
                  "--clone, which stops the process for the time of a fork only, or --pause");
  }
  if (values.count("save") != 0) {
    throw Failure(Exit::usage, "a snapshot is of one moment, and --live sees none",
                  "--clone --save " + get(values, "save"));
  }
  return Mode::live;
}

template <class Value>
Value need(const std::optional<Value>& value, const char* option, const std::string& given,
           const char* example) {
  if (value) return *value;
  throw Failure(Exit::usage, "'" + given + "' is no value for " + option,
                std::string(option) + ' ' + example);
}

}  // namespace

void add_options(po::options_description& shown, po::options_description& hidden, unsigned groups) {
  auto add = shown.add_options();
  if (groups & kProcess) {
    add("pid,p", text("PID"),
        "The process to look at, where a script would rather name it than place it.");
  }
  if (groups & kReading) {
    add("pause", po::bool_switch(),
        "Stop every thread while the heap is copied (the default): exact, and nothing is written "
        "to or run in "
        "the process.");
    add("clone", po::bool_switch(),
        "Stop it only while the kernel makes a copy-on-write twin of it, which is read and ended: "
        "for a large process that must not stand still. Two system calls are run in it for that.");
    if (groups & kLive) {
      add("live", po::bool_switch(),
          "Do not stop it at all: what changes meanwhile is torn, so counts are approximate.");
    } else {
      hidden.add_options()("live", po::bool_switch(), "");
    }
    add("max-pause", text("DURATION"),
        "Refuse before stopping anything if the estimated stop is longer, and let go when it is "
        "over: 250ms, 1s, 2m; 1s unless given.");
    add("max-memory", text("SIZE"),
        "Bound what heapglass itself may use, so that it cannot push out what runs beside it: "
        "512M, 2G; half of what is "
        "free unless given.");
    add("sysroot", text("DIR"),
        "Of a core from elsewhere: where that machine's files are, the interpreter's and its "
        "libraries'; this machine's own unless given.");
    if (!(groups & kNoSave)) {
      add("save", text("FILE"),
          "Keep the snapshot that this look took in a new file, to ask more of it later without "
          "another stop.");
    }
    for (const Later& later : kLater) {
      if (groups & later.built) continue;
      auto more = hidden.add_options();
      if (later.takes_value) {
        more(later.name, text("VALUE"), "");
      } else {
        more(later.name, po::bool_switch(), "");
      }
    }
  }
  if (groups & kValues) {
    add("values", po::bool_switch(),
        "Show contents too, which are left out otherwise: of strings, bytes and numbers, cut "
        "short, "
        "and keys of dicts.");
  }
  if (groups & kChildren) {
    add("children", po::bool_switch(),
        "The processes that this one has started too (gunicorn, celery, multiprocessing): each, "
        "and "
        "their sum.");
  }
  if (groups & kOver) {
    add("over", text("DURATION"),
        "Look twice, so far apart, and tell what grew between: 60s, 10m.");
  }
  if (groups & kTypes) {
    add("type", text("PATTERN"),
        "Only types whose full name matches this shell glob, to ask about your own classes: "
        "'myapp.*'.");
  }
  if (groups & kAddress) {
    add("address", text("0x..."),
        "Only the object at this address, as an earlier look showed it; with the --type that it "
        "must still have, since the process has gone on.");
  }
  if (groups & kTops) {
    add("top", text("N"),
        "Show the first N rows, 0 for all; tables show 20 unless given, JSON and CSV are whole.");
  }
  if (groups & kFormats) {
    add("json", po::bool_switch(),
        "The whole result as JSON, for scripts; the same as --format json.");
    if (groups & kDot) {
      add("format", text("table|json|csv|dot"),
          "A table to read, JSON for scripts, CSV for a spreadsheet, or DOT for Graphviz.");
    } else {
      add("format", text("table|json|csv"),
          "A table to read, JSON for scripts, or CSV for a spreadsheet.");
    }
  }
  if (groups & kGeneral) {
    add("output,o", text("FILE"),
        "Write the result to a new file, readable by you alone, which is there completely or not "
        "at all.");
    add("force", po::bool_switch(), "Replace a file that exists.");
    add("verbose,v", po::bool_switch(), "Say more: where numbers and facts come from.");
    add("quiet", po::bool_switch(), "No progress and no remarks on stderr, only errors; for cron.");
    add("no-color", po::bool_switch(),
        "No colour on a terminal; NO_COLOR in the environment does the same.");
    add("help,h", po::bool_switch(), "This text.");
    add("version", po::bool_switch(), "The version of heapglass, for a bug report.");
  }
}

Options read_options(const po::variables_map& values, unsigned groups) {
  for (const Later& later : kLater) {
    if (groups & later.built) continue;
    if (values.count(later.name) == 0 || values[later.name].defaulted()) continue;
    throw Failure(Exit::usage, std::string("--") + later.name + " is not in this version",
                  later.remedy);
  }
  Options options;
  options.mode = read_mode(values, groups);
  options.format = read_format(values, groups);
  options.output = get(values, "output");
  if (options.output == "-") options.output.clear();
  options.force = is_set(values, "force");
  options.type_pattern = get(values, "type");
  options.save = get(values, "save");
  options.sysroot = get(values, "sysroot");
  options.no_color = is_set(values, "no-color");
  options.verbose = is_set(values, "verbose");
  options.quiet = is_set(values, "quiet");
  options.values = is_set(values, "values");
  options.children = is_set(values, "children");
  if (values.count("top") != 0) {
    const std::string given = get(values, "top");
    options.top = need(parse_count(given), "--top", given, "20");
  }
  if (values.count("address") != 0) {
    const std::string given = get(values, "address");
    options.address = need(parse_address(given), "--address", given, "0x7f0123456780");
  }
  if (groups & kOver && values.count("over") != 0) {
    const std::string given = get(values, "over");
    options.over = need(parse_duration(given), "--over", given, "60s");
  }
  if (values.count("max-pause") != 0) {
    const std::string given = get(values, "max-pause");
    options.max_pause = need(parse_duration(given), "--max-pause", given, "250ms");
  }
  if (values.count("max-memory") != 0) {
    const std::string given = get(values, "max-memory");
    options.max_memory = need(parse_size(given), "--max-memory", given, "512M");
  }
  if (options.force && options.output.empty() && options.save.empty()) {
    throw Failure(Exit::usage, "--force says that a file may be replaced, but no file is named",
                  "add -o FILE, or leave --force out");
  }
  return options;
}

std::size_t rows_to_show(const Options& options) {
  constexpr std::size_t kTable = 20;
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  const bool to_look_at = options.format == Format::table || options.format == Format::dot;
  if (!options.top) return to_look_at ? kTable : kAll;
  return *options.top == 0 ? kAll : *options.top;
}

std::size_t one_of(std::string_view option, std::string_view value,
                   std::span<const std::string> allowed) {
  std::string all;
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (allowed[i] == value) return i;
    all += (i == 0 ? "" : i + 1 == allowed.size() ? " or " : ", ") + allowed[i];
  }
  const std::string name(option);
  throw Failure(Exit::usage, "'" + std::string(value) + "' is no value for " + name,
                name + ' ' + nearest(value, allowed).value_or(all));
}

}  // namespace heapglass
