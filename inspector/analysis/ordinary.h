// What every program has plenty of, by the names of types: so that a report can look past it.
#pragma once

#include <string_view>

namespace heapglass {

// Text, numbers, dates: what programs are about, and no program's own idea.
bool is_plain_value(std::string_view type);
// list, dict, tuple, set, deque …: something else's entries.
bool is_bare_container(std::string_view type);
// Of what programs themselves are made: functions, code, cells, descriptors, modules, weak
// references.
bool is_machinery(std::string_view type);
// A path, as path_text() writes it, into a library's own cache of a fixed size, or into what the
// interpreter keeps for itself.
bool is_own_cache(std::string_view path);

}  // namespace heapglass
