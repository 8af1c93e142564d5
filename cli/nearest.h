// "did you mean": the name that was probably meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace heapglass {

// The candidate with the fewest edits (insert, remove, replace, swap neighbours) from `word`, where
// those are few enough to be a slip; also one that `word` begins. nullopt: none is near.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// Of full type names (module.qualname) the one that was meant by a pattern that matches none: near
// as a whole, or in what follows its last dot.
std::optional<std::string> nearest_type(std::string_view pattern,
                                        std::span<const std::string> names);

}  // namespace heapglass
