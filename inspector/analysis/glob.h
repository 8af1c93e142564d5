// A shell glob on a type's name: `*`, `?`, `[a-z]`, `[!a-z]`, `\` before a literal.
#pragma once

#include <string_view>

namespace heapglass {

// Whole-name match, code point by code point. At most pattern times name steps and no recursion:
// fnmatch(3) backtracks once per star, which a name of a million bytes turns into hours.
bool glob_match(std::string_view pattern, std::string_view name);

}  // namespace heapglass
