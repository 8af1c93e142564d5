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

bool FirstLook::sound() const {
  return std::all_of(checks.begin(), checks.end(),
                     [](const LayoutCheck& check) { return check.passed; });
}

FirstLook look_first(const TargetFiles& files, const std::vector<Mapping>& maps, Memory& memory) {
  FirstLook look;
  auto& [interpreter, layout, runtime] = look.python;
  interpreter = find_interpreter(files, maps, memory);
  layout = load_layout(interpreter.layout_name(), interpreter.version.micro);
  name_static_types(interpreter, layout, memory);
  look.checks = verify_layout(layout, interpreter, memory);
  if (layout.micro != interpreter.version.micro) {
    // sys.hexversion told it: some structs are another's.
    layout = load_layout(interpreter.layout_name(), interpreter.version.micro);
    look.checks = verify_layout(layout, interpreter, memory);
  }
  if (look.sound()) runtime = read_runtime(interpreter, layout, memory);
  return look;
}

FirstLook look_first(pid_t pid, const std::vector<Mapping>& maps) {
  const TargetFiles files = files_of_process(pid);
  constexpr int kMostTries = 5;
  for (int attempt = 1;; ++attempt) {
    PresentMemory source(pid, maps);
    Mirror memory = first_look_memory(maps, source);
    FirstLook look = look_first(files, maps, memory);
    if (look.sound() || attempt == kMostTries) return look;
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
}

void require_readable(const FirstLook& look, const std::string& who, const std::string& remedy) {
  if (const auto refusal = unproven(look.python.layout)) throw *refusal;
  for (const LayoutCheck& check : look.checks) {
    if (check.passed) continue;
    throw Failure(Exit::not_cpython,
                  "layout " + look.python.layout.name + " cannot be trusted for " + who + ": " +
                      check.name + ": " + check.detail,
                  remedy);
  }
  if (look.python.runtime.interpreters.empty()) {
    throw Failure(Exit::not_cpython, who + " has no interpreter that is initialised",
                  "try again when it has started");
  }
}

OpenTarget open_target(pid_t pid) {
  Process process = Process::open(pid);
  FirstLook look = look_first(pid, read_maps(pid));
  // A pid that came to mean another process between the two looks would be caught here.
  process.require_alive();
  require_readable(look, "process " + std::to_string(pid),
                   "heapglass doctor -v " + std::to_string(pid));
  return {std::move(process), std::move(look.python)};
}

TargetFacts target_facts(const Python& python, pid_t pid, const std::string& exe) {
  return {pid, exe, python.interpreter.version.text(), python.interpreter.free_threaded,
          python.interpreter.debug};
}

}  // namespace heapglass
