#include "inspector/open_target.h"

#include <algorithm>

namespace heapglass {

std::string layout_name(const Interpreter& interpreter) {
  return std::to_string(interpreter.version.major) + "." +
         std::to_string(interpreter.version.minor) + (interpreter.free_threaded ? "t" : "") +
         (interpreter.debug ? "d" : "");
}

Mirror first_look(const std::vector<Mapping>& maps, PresentMemory& source) {
  std::vector<Mirror::Segment> segments;
  for (const Mapping& mapping : maps) {
    if (mapping.readable && !mapping.path.starts_with("/dev/") && !mapping.path.starts_with("[v")) {
      segments.push_back(Mirror::lazy(mapping.range));
    }
  }
  return Mirror(std::move(segments), &source);
}

OpenTarget open_target(pid_t pid) {
  Process process = Process::open(pid);
  const std::vector<Mapping> maps = read_maps(pid);
  PresentMemory source(pid, maps);
  Mirror memory = first_look(maps, source);
  Interpreter interpreter = find_interpreter(pid, maps, memory);
  Layout layout = load_layout(layout_name(interpreter));
  layout.micro = interpreter.version.micro;
  std::vector<LayoutCheck> checks = verify_layout(layout, interpreter, memory);
  // A pid that came to mean another process between the two looks would be caught here.
  process.require_alive();
  const auto failed = std::find_if(checks.begin(), checks.end(),
                                   [](const LayoutCheck& check) { return !check.passed; });
  if (failed != checks.end()) {
    throw Failure(Exit::not_cpython,
                  "layout " + layout.name + " cannot be trusted for process " + std::to_string(pid) +
                      ": " + failed->name + ": " + failed->detail,
                  "heapglass doctor -v " + std::to_string(pid));
  }
  Runtime runtime = read_runtime(interpreter, layout, memory);
  if (runtime.interpreters.empty()) {
    throw Failure(Exit::not_cpython,
                  "process " + std::to_string(pid) + " has no interpreter that is initialised",
                  "try again when it has started");
  }
  return {std::move(process), std::move(interpreter), std::move(layout), std::move(checks),
          std::move(runtime)};
}

TargetFacts target_facts(const OpenTarget& target) {
  const ProcessFacts& process = target.process.facts();
  return {process.pid, process.exe, target.interpreter.version.text(),
          target.interpreter.free_threaded, target.interpreter.debug};
}

}  // namespace heapglass
