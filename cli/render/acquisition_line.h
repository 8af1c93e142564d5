// How the view was obtained, in one line for people; what it is worth where that is in doubt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "inspector/acquisition.h"

namespace heapglass {

// "paused 12.3 ms, 350 MB copied, 8 threads (1 on CPU)", then what was invalid, inferred or missed,
// where that is not zero. `verbose` names estimate, pages left out and each fault.
std::string acquisition_line(const Acquisition& acquisition, bool verbose);

// One sentence where more than one object in a hundred was invalid: too much to call the result
// complete (exit 6).
std::optional<std::string> too_much_invalid(const Acquisition& acquisition, std::uint64_t objects);

}  // namespace heapglass
