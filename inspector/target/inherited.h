// What of a process's memory its twin does not have: madvise(2) lets a program keep ranges from
// being inherited (MADV_DONTFORK: not mapped; MADV_WIPEONFORK: mapped, zeros).
#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

#include "symbols/address.h"
#include "symbols/maps.h"

namespace heapglass {

// Ranges of `maps`, the target's, that may hold objects and that its twin lacks; sorted, disjoint.
std::vector<AddressRange> not_inherited(const std::vector<Mapping>& maps, pid_t twin);

// Ranges of /proc/PID/smaps (proc(5)) whose VmFlags say wf.
std::vector<AddressRange> wiped_ranges(std::string_view smaps);

// `ranges` without `holes`; both sorted and disjoint, and so is the result.
std::vector<AddressRange> without(const std::vector<AddressRange>& ranges,
                                  const std::vector<AddressRange>& holes);

}  // namespace heapglass
