// One screen about a process: what its resident memory is, its top types, what to ask next.
#pragma once

#include <string>

#include "cli/render/document.h"
#include "cli/render/terminal.h"
#include "inspector/analysis/histogram.h"
#include "inspector/inspect.h"

namespace heapglass {

// RSS = objects + free_in_pools + other. Objects are their footprints; what of those is not
// resident (swapped, or never touched) makes the first part at most RSS.
struct ResidentParts {
  std::uint64_t rss = 0;
  std::uint64_t objects = 0;
  std::uint64_t free_in_pools = 0;
  std::uint64_t other = 0;
};
ResidentParts split_resident(const Inspection& inspection, std::uint64_t footprint);

// `width` characters, as many of each part's sign as its share; a part that is there has one at
// least.
std::string bar(const ResidentParts& parts, std::size_t width, bool unicode);

// At most `top` types.
std::string overview_text(const Inspection& inspection, const Histogram& types, std::size_t top,
                          const Terminal& terminal);
std::string overview_json(const Inspection& inspection, const Histogram& types, std::size_t top);

}  // namespace heapglass
