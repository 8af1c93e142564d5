// Names and sums of what an acquisition reports.
#include "inspector/acquisition.h"

#include <numeric>

namespace heapglass {

std::string_view mode_name(Mode mode) {
  switch (mode) {
    case Mode::pause:
      return "pause";
    case Mode::clone:
      return "clone";
    case Mode::live:
      return "live";
    case Mode::core:
      return "core";
    case Mode::snapshot:
      return "snapshot";
  }
  return "unknown";
}

std::string_view fault_name(Fault fault) {
  switch (fault) {
    case Fault::unreadable:
      return "unreadable";
    case Fault::left_out:
      return "left_out";
    case Fault::bad_type:
      return "bad_type";
    case Fault::bad_refcount:
      return "bad_refcount";
    case Fault::absurd_size:
      return "absurd_size";
    case Fault::broken_list:
      return "broken_list";
    case Fault::broken_chain:
      return "broken_chain";
    case Fault::bad_table:
      return "bad_table";
    case Fault::count:
      break;
  }
  return "unknown";
}

void Acquisition::add(const Acquisition& other) {
  pool_bytes += other.pool_bytes;
  for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += other.faults[i];
}

std::uint64_t Acquisition::objects_invalid() const {
  return std::accumulate(faults.begin(), faults.end(), std::uint64_t{0});
}

}  // namespace heapglass
