// Text from the target as Python code: a str literal, an attribute, a subscript. Still untrusted:
// whoever prints it escapes it for where it goes.
#pragma once

#include <string>
#include <string_view>

namespace heapglass {

// As repr() quotes it, "it's" or 'plain'; control characters of ASCII are escaped, the rest of
// Unicode stands as it is.
std::string literal(std::string_view utf8);

// Whether Python takes it for a name. Beyond ASCII the blocks of letters that people name things in
// count, not all of Unicode's tables.
bool is_identifier(std::string_view utf8);

std::string attribute_label(std::string_view name);  // ".name"; "['no name']" of what is none
std::string subscript_label(std::string_view key);   // "['key']"

}  // namespace heapglass
