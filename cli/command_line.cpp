// Which command, which process, which options; and what to say to an argument that is none of them.
#include "cli/command_line.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <limits>
#include <vector>

#include "cli/nearest.h"
#include "cli/units.h"
#include "inspector/inspect_core.h"
#include "inspector/snapshot/snapshot.h"

namespace heapglass {
namespace {

namespace po = boost::program_options;

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

const Command* find_command(std::string_view name) {
  const std::span<const Command> table = command_table();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Command& command) { return command.name == name; });
  return found == table.end() ? nullptr : &*found;
}

[[noreturn]] void unknown_command(const std::string& word) {
  const auto later = later_commands();
  if (std::find(later.begin(), later.end(), word) != later.end()) {
    throw Failure(Exit::usage, "the command '" + word + "' is not in this version",
                  "heapglass --help");
  }
  std::vector<std::string> names;
  for (const Command& command : command_table()) {
    if (!command.name.empty()) names.emplace_back(command.name);
  }
  const auto near = nearest(word, names);
  throw Failure(Exit::usage, "'" + word + "' is neither a command nor a process",
                "heapglass " + near.value_or("--help"));
}

bool is_file(const std::string& word) {
  struct stat file {};
  return ::stat(word.c_str(), &file) == 0;
}

// Files are recognised by content.
Source read_file_source(const std::string& word) {
  if (!is_file(word)) throw Failure(Exit::usage, "'" + word + "' is no pid", "heapglass ps");
  if (looks_like_snapshot(word)) return {.file = word};
  if (looks_like_core(word)) return {.file = word, .core = true};
  throw Failure(Exit::usage, word + " is neither a snapshot nor a core",
                "heapglass snapshot PID -o FILE");
}

pid_t read_pid(const std::string& word) {
  const auto number = parse_count(word);
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<pid_t>::max());
  if (!number || *number == 0 || *number > kMost) {
    throw Failure(Exit::usage, word + " is no pid that a process can have", "heapglass ps");
  }
  return static_cast<pid_t>(*number);
}

// As a message begins: "heapglass: histogram needs ...".
std::string subject(const Command& command) {
  return command.name.empty() ? "this" : std::string(command.name);
}

[[noreturn]] void unknown_option(const Command& command, const po::options_description& all,
                                 const std::string& word) {
  std::vector<std::string> names;
  for (const auto& option : all.options()) names.push_back("--" + option->long_name());
  const auto near = nearest(word, names);
  throw Failure(Exit::usage, subject(command) + " has no option '" + word + "'",
                near ? call(command) + ' ' + *near : call(command) + " --help");
}

po::variables_map parse_options(const Command& command, const std::vector<std::string>& arguments,
                                std::vector<std::string>& sources) {
  Described described = describe(command);
  described.hidden.add_options()("source", po::value<std::vector<std::string>>());
  po::options_description all;
  all.add(described.own).add(described.shared).add(described.hidden);
  po::positional_options_description positional;
  positional.add("source", -1);
  // Without guessing: an abbreviation that works today would be ambiguous tomorrow.
  using po::command_line_style::style_t;
  const int style = style_t::unix_style & ~style_t::allow_guessing;
  po::variables_map values;
  try {
    po::store(
        po::command_line_parser(arguments).options(all).positional(positional).style(style).run(),
        values);
  } catch (const po::unknown_option& error) {
    unknown_option(command, all, error.get_option_name());
  } catch (const po::error& error) {
    throw Failure(Exit::usage, error.what(), call(command) + " --help");
  }
  if (values.count("source") != 0) sources = values["source"].as<std::vector<std::string>>();
  return values;
}

Source source_of(const Command& command, const std::string& word) {
  if (all_digits(word)) return {.pid = read_pid(word)};
  if ((command.groups & kReading) != 0) return read_file_source(word);
  throw Failure(Exit::usage, "'" + word + "' is no pid", "heapglass ps");
}

std::vector<Source> find_sources(const Command& command, const po::variables_map& values,
                                 std::vector<std::string> sources) {
  if (values.count("pid") != 0) {
    const auto& word = values["pid"].as<std::string>();
    if (!all_digits(word)) {
      throw Failure(Exit::usage, "'" + word + "' is no value for --pid", "heapglass ps");
    }
    // Beside files the process is the later look.
    sources.insert(command.most_sources == 1 ? sources.begin() : sources.end(), word);
  }
  if (sources.empty()) {
    throw Failure(Exit::usage, subject(command) + " needs the pid of a process", "heapglass ps");
  }
  const std::string with_first = call(command) + ' ' + sources[0];
  if (sources.size() < command.least_sources) {
    throw Failure(Exit::usage,
                  subject(command) + " needs " + std::to_string(command.least_sources) +
                      " looks, and this is one",
                  with_first + " LATER");
  }
  if (sources.size() > command.most_sources) {
    const bool swapped = command.name.empty() && find_command(sources[1]) != nullptr;
    throw Failure(Exit::usage, "'" + sources[command.most_sources] + "' is one argument too many",
                  swapped                     ? "heapglass " + sources[1] + ' ' + sources[0]
                  : command.most_sources == 1 ? with_first
                                              : call(command) + " --help");
  }
  std::vector<Source> found;
  for (const std::string& word : sources) found.push_back(source_of(command, word));
  return found;
}

}  // namespace

Described describe(const Command& command) {
  Described result;
  if (command.add_options != nullptr) command.add_options(result.own);
  add_options(result.own, result.hidden, command.groups & ~unsigned{kGeneral});
  add_options(result.shared, result.hidden, command.groups & unsigned{kGeneral});
  return result;
}

std::string call(const Command& command) {
  return command.name.empty() ? "heapglass" : "heapglass " + std::string(command.name);
}

CommandLine parse_command_line(std::span<const std::string> arguments) {
  CommandLine result;
  const std::string& first = arguments.front();
  std::vector<std::string> rest(arguments.begin(), arguments.end());
  if (first == "help" && rest.size() <= 2) {
    result.asks = CommandLine::Asks::help;
    if (rest.size() == 2) result.command = find_command(rest[1]);
    if (rest.size() == 2 && result.command == nullptr) unknown_command(rest[1]);
    return result;
  }
  // A first word that is no command is a SOURCE, or an option of `heapglass SOURCE`.
  result.command = first.empty() ? nullptr : find_command(first);
  if (result.command != nullptr) rest.erase(rest.begin());
  if (result.command == nullptr) {
    result.command = find_command("");
    const bool plain_word = !first.starts_with('-') && !all_digits(first);
    if (plain_word && !is_file(first)) unknown_command(first);
  }

  std::vector<std::string> sources;
  result.values = parse_options(*result.command, rest, sources);
  if (result.values["version"].as<bool>()) {
    result.asks = CommandLine::Asks::version;
    return result;
  }
  if (result.values["help"].as<bool>()) {
    result.asks = CommandLine::Asks::help;
    if (result.command->name.empty()) result.command = nullptr;
    return result;
  }
  if ((result.command->groups & kProcess) != 0) {
    result.earlier = find_sources(*result.command, result.values, sources);
    result.source = std::move(result.earlier.back());
    result.earlier.pop_back();
  } else if (!sources.empty()) {
    throw Failure(Exit::usage, "'" + sources[0] + "' is one argument too many",
                  call(*result.command));
  }
  result.options = read_options(result.values, result.command->groups);
  const Options& options = result.options;
  const bool any_core =
      result.source.core || std::any_of(result.earlier.begin(), result.earlier.end(),
                                        [](const Source& source) { return source.core; });
  if (!options.sysroot.empty() && !any_core) {
    throw Failure(Exit::usage, "--sysroot is for cores: files of a process are found through it",
                  "leave --sysroot out");
  }
  if (options.address && options.type_pattern.empty() && result.source.file.empty()) {
    throw Failure(Exit::usage, "an address of a running process may be another object by now",
                  "--address " + result.values["address"].as<std::string>() +
                      " --type TYPE, the type that it must still have");
  }
  return result;
}

}  // namespace heapglass
