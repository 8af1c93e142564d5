// How a view of a target was obtained and what it is worth: the "acquisition" of every document.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heapglass {

enum class Mode : std::uint8_t { pause, clone, live, core, snapshot };
std::string_view mode_name(Mode mode);

// What can be wrong with one object or one table. Counted, never fatal.
enum class Fault : std::uint8_t {
  unreadable,    // its bytes are not there (and were not left out by us)
  left_out,      // its bytes are in pages that the choice of pages left out
  bad_type,      // ob_type is no type object
  bad_refcount,  // zero or absurd
  absurd_size,   // a length that does not fit the mapping it lies in
  broken_list,   // the collector's list does not close, or prev and next disagree
  broken_chain,  // a linked table that loops or runs out
  bad_table,     // a container that fails its own invariants
  count
};
std::string_view fault_name(Fault fault);

struct Acquisition {
  Mode mode = Mode::pause;
  double pause_ms = 0;  // longest time any thread was stopped, measured
  double estimated_pause_ms = 0;
  std::chrono::system_clock::time_point taken_at;
  bool approximate = false;
  std::uint64_t objects_changed = 0;  // of a live look: not what they were when read again
  std::string clone_refused;          // why the mode is pause though clone was asked for
  bool gc_running = false;            // the collector was at work in the moment of the view
  std::uint32_t threads = 0;
  std::uint32_t on_cpu_threads = 0;  // stopped outside a system call
  std::uint64_t bytes_read = 0;      // copied from the target
  std::uint64_t bytes_left_out = 0;  // present, writable, chosen not to be copied
  std::uint64_t missed = 0;          // looked for in a page that was left out
  std::array<std::uint64_t, static_cast<std::size_t>(Fault::count)> faults{};
  std::uint64_t inferred_objects = 0;       // objects of types read conservatively
  std::vector<std::string> inferred_types;  // their names, most frequent first, at most 20
  // Counts that went negative after subtracting references of our own tables, of `objects`.
  std::uint64_t negative_counts = 0;
  std::vector<std::string> own_sizeof;  // types whose __sizeof__ is Python code
  std::uint64_t pool_bytes = 0;  // of blocks in pools: objects found, and tables that they own
  std::optional<double> pool_percent;
  std::optional<double> references_percent;

  void count(Fault fault, std::uint64_t n = 1) { faults[static_cast<std::size_t>(fault)] += n; }
  // What several threads counted.
  void add(const Acquisition& other);
  std::uint64_t objects_invalid() const;
};

}  // namespace heapglass
