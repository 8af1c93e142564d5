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

}  // namespace heapglass
