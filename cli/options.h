// The options that commands share: CONTRACT.md, "Shape" and "Global options".
#pragma once

#include <sys/types.h>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/acquisition.h"

namespace heapglass {

enum class Format { table, json, csv, dot };

struct Options {
  Format format = Format::table;
  std::string output;  // empty: standard output
  bool force = false;
  std::optional<std::uint64_t> top;
  std::string type_pattern;
  std::string save;  // where to keep the snapshot; empty: nowhere
  std::optional<std::uint64_t> address;
  bool no_color = false;
  bool verbose = false;
  bool quiet = false;
  bool values = false;                           // contents may be shown
  bool children = false;                         // descendants too
  std::optional<std::chrono::nanoseconds> over;  // between two looks
  Mode mode = Mode::pause;                       // or clone, or live
  std::chrono::nanoseconds max_pause = std::chrono::seconds(1);
  std::uint64_t max_memory = 0;  // 0: half of what is free
  std::string sysroot;           // where the files of a core's process are; empty: here
};

// What is looked at: a process, or a file that was made of one.
struct Source {
  pid_t pid = 0;       // 0: a file
  std::string file{};  // a snapshot, or a core
  bool core = false;

  std::string word() const { return file.empty() ? std::to_string(pid) : file; }
};

// Which of the shared options a command takes.
enum OptionGroup : unsigned {
  kGeneral = 1,    // --output --force --quiet -v --no-color --help --version
  kFormats = 2,    // --json --format
  kTops = 4,       // --top
  kTypes = 8,      // --type
  kProcess = 16,   // --pid
  kReading = 32,   // --pause --clone --max-pause --max-memory --save, a file in place of a process,
                   // and the options that are not in this version
  kValues = 64,    // --values; of the others that read a heap it is refused by name
  kAddress = 128,  // --address
  kDot = 256,      // --format dot besides
  kOver = 512,     // --over
  kNoSave = 1024,  // no --save
  kChildren = 2048,  // --children
  kLive = 4096       // --live; of the others that read a heap it is refused, and why is said
};

// Adds the options of `groups`: to `shown` what --help lists, to `hidden` what is refused by name.
void add_options(boost::program_options::options_description& shown,
                 boost::program_options::options_description& hidden, unsigned groups);

// `groups`: the command's. Throws Failure(usage) for a value that is none, and for an option that
// is not in this version.
Options read_options(const boost::program_options::variables_map& values, unsigned groups);

// How many rows --top and --format ask for: 20 of a table or a drawing, all of
// JSON and CSV, all for 0.
std::size_t rows_to_show(const Options& options);

// The position of `value` in `allowed`; Failure(usage) naming them all otherwise.
std::size_t one_of(std::string_view option, std::string_view value,
                   std::span<const std::string> allowed);

}  // namespace heapglass
