#include "inspector/open_target.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "symbols/nameless.h"

namespace heapglass {

Mirror first_look_memory(const std::vector<Mapping>& maps, PresentMemory& source) {
  std::vector<Mirror::Segment> segments;
  for (const Mapping& mapping : maps) {
    if (mapping.readable && !mapping.path.starts_with("/dev/") && !mapping.path.starts_with("[v")) {
      segments.push_back(Mirror::lazy(mapping.range));
    }
  }
  return Mirror(std::move(segments), &source);
}

std::optional<Failure> unproven(const Layout& layout) {
  if (layout.exact) return std::nullopt;
  std::string proven;
  for (const std::string& name : layout_names()) {
    if (load_layout(name).exact) proven += (proven.empty() ? "" : ", ") + name;
  }
  return Failure(Exit::not_cpython,
                 "CPython " + layout.name + " is not read yet: its layout is not proven exact (" +
                     proven + " are)",
                 "a heapglass that has it: see README, \"Interpreters\"");
}

FirstLook look_first(pid_t pid, const std::vector<Mapping>& maps) {
  // The target runs: what a check looks at may be changing, so one that fails is asked again.
  constexpr int kMostTries = 5;
  for (int attempt = 1;; ++attempt) {
    PresentMemory source(pid, maps);
    Mirror memory = first_look_memory(maps, source);
    Interpreter interpreter = find_interpreter(pid, maps, memory);
    Layout layout = load_layout(interpreter.layout_name(), interpreter.version.micro);
    name_static_types(interpreter, layout, memory);
    std::vector<LayoutCheck> checks = verify_layout(layout, interpreter, memory);
    if (layout.micro != interpreter.version.micro) {
      // sys.hexversion told it: some structs are another's.
      layout = load_layout(interpreter.layout_name(), interpreter.version.micro);
      checks = verify_layout(layout, interpreter, memory);
    }
    const bool sound = std::all_of(checks.begin(), checks.end(),
                                   [](const LayoutCheck& check) { return check.passed; });
    if (sound || attempt == kMostTries) {
      Runtime runtime = sound ? read_runtime(interpreter, layout, memory) : Runtime{};
      return {std::move(interpreter), std::move(layout), std::move(checks), std::move(runtime)};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
}

OpenTarget open_target(pid_t pid) {
  Process process = Process::open(pid);
  FirstLook look = look_first(pid, read_maps(pid));
  // A pid that came to mean another process between the two looks would be caught here.
  process.require_alive();
  if (const auto refusal = unproven(look.layout)) throw *refusal;
  for (const LayoutCheck& check : look.checks) {
    if (check.passed) continue;
    throw Failure(Exit::not_cpython,
                  "layout " + look.layout.name + " cannot be trusted for process " +
                      std::to_string(pid) + ": " + check.name + ": " + check.detail,
                  "heapglass doctor -v " + std::to_string(pid));
  }
  if (look.runtime.interpreters.empty()) {
    throw Failure(Exit::not_cpython,
                  "process " + std::to_string(pid) + " has no interpreter that is initialised",
                  "try again when it has started");
  }
  return {std::move(process), std::move(look.interpreter), std::move(look.layout),
          std::move(look.runtime)};
}

TargetFacts target_facts(const OpenTarget& target) {
  const ProcessFacts& process = target.process.facts();
  return {process.pid, process.exe, target.interpreter.version.text(),
          target.interpreter.free_threaded, target.interpreter.debug};
}

}  // namespace heapglass
