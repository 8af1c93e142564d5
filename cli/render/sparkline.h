// A row of numbers as a row of small bars.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace heapglass {

// One character each, from the lowest of them to the highest; all alike: the lowest bar.
std::string sparkline(std::span<const std::uint64_t> values, bool unicode);

}  // namespace heapglass
