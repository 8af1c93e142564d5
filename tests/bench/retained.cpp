// retained PID [ROUNDS]: what dominators and shortest paths cost on the heap of a process, apart
// from reading it. One line a round: objects, references, and of each analysis nanoseconds and
// bytes of peak memory, an object.
#include <malloc.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "inspector/analysis/dominators.h"
#include "inspector/analysis/shortest_paths.h"
#include "inspector/inspect.h"

namespace {

// Starts VmHWM anew and gives what is resident now, or its highest since; in bytes.
double resident(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(field, 0) == 0) return std::atof(line.c_str() + line.find(':') + 1) * 1024;
  }
  return 0;
}

template <class Work>
void measure(double objects, const Work& work) {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5\n";
  const double before = resident("VmRSS");
  const auto began = std::chrono::steady_clock::now();
  const auto result = work();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  std::printf(" %.0f %.1f", took.count() / objects, (resident("VmHWM") - before) / objects);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  heapglass::Run run;
  run.max_pause = std::chrono::seconds(60);
  const auto inspection = heapglass::inspect(std::atoi(argv[1]), {.names = true}, run);
  const heapglass::HeapGraph& graph = inspection.graph;
  const auto objects = static_cast<double>(graph.size());
  for (int round = argc > 2 ? std::atoi(argv[2]) : 3; round > 0; --round) {
    std::printf("%zu %zu", graph.size(), graph.reference_to.size());
    measure(objects, [&] { return heapglass::dominators(graph); });
    measure(objects, [&] { return heapglass::shortest_paths(graph); });
    std::printf("\n");
  }
}
