// Which snapshots a watch keeps: when the heap grew by so much again, and once when memory runs
// short, before the kernel ends the process.
#pragma once

#include <boost/program_options/options_description.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/command.h"
#include "inspector/inspect.h"
#include "inspector/target/memory_use.h"

namespace heapglass {

void add_trigger_options(boost::program_options::options_description& options);

class WatchTriggers {
 public:
  // Reads the options. Throws Failure(usage).
  explicit WatchTriggers(const Context& context);

  // Then looks need names and columns.
  bool keeps_snapshots() const { return growth_step_ > 0 || watches_pressure(); }
  // Whether memory has run short since it was asked last; true once. Looks at most four times a
  // second.
  bool under_pressure();
  // After each look: keeps what is to be kept. `growth`: percent since the first look.
  void looked(const Inspection& inspection, double growth);

 private:
  bool watches_pressure() const { return rss_percent_ > 0 || on_events_ || stalled_percent_ > 0; }
  std::string reason_of(const Pressure& pressure) const;  // empty: there is none
  void keep(const Inspection& inspection, const std::string& why);

  const Context& context_;
  std::string directory_;
  double growth_step_ = 0;  // percent; 0: not asked for
  double next_growth_ = 0;
  double rss_percent_ = 0;      // of the limit; 0: not asked for
  double stalled_percent_ = 0;  // likewise
  bool on_events_ = false;
  std::optional<std::uint64_t> events_;  // when the watch began
  std::string pressure_;                 // why, until it was kept
  bool was_under_pressure_ = false;
  std::chrono::steady_clock::time_point asked_;
  std::uint64_t kept_ = 0;
};

}  // namespace heapglass
