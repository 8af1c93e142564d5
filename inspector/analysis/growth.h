// What grew between two looks, by holding path.
//
// An object of the second look is new if the first had none of that type's name at its address;
// what address reuse hides is made good by the counts: of a type that has as many new objects in
// one pile as it grew by, the difference of the counts is told. Of new objects those count that no
// other new object retains: a session's strings are the session's. Types that did not grow are not
// told, however much they turned over.
#pragma once

#include <vector>

#include "inspector/analysis/suspects.h"

namespace heapglass {

// `seconds` between the looks; 0: not known. Most retained bytes first.
Suspicion find_growth(const HeapGraph& before, const HeapGraph& after, double seconds);

}  // namespace heapglass
