// Optimal string alignment distance, O(length * length); names here are short.
#include "cli/nearest.h"

#include <algorithm>
#include <vector>

namespace heapglass {
namespace {

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before;  // row i - 2
  std::vector<std::size_t> above(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = std::move(above);
    above = std::move(row);
  }
  return above[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  constexpr std::size_t kLongest = 64;
  constexpr std::size_t kPrefix = 3;
  if (word.empty() || word.size() > kLongest) return std::nullopt;
  std::optional<std::string> best;
  std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() >= word.size() + fewest) continue;  // an edit for each character more
    const std::size_t distance = edits(word, candidate);
    if (distance < fewest) {
      fewest = distance;
      best = candidate;
    }
  }
  if (best || word.size() < kPrefix) return best;
  for (const std::string& candidate : candidates) {
    if (candidate.starts_with(word)) return candidate;
  }
  return std::nullopt;
}

std::optional<std::string> nearest_type(std::string_view pattern,
                                        std::span<const std::string> names) {
  std::string word(pattern);
  std::erase_if(word, [](char c) { return c == '*' || c == '?'; });
  if (auto whole = nearest(word, names)) return whole;
  const auto last = [](std::string_view name) { return name.substr(name.rfind('.') + 1); };
  std::vector<std::string> ends;
  ends.reserve(names.size());
  for (const std::string& name : names) ends.emplace_back(last(name));
  const auto end = nearest(last(word), ends);
  if (!end) return std::nullopt;
  const auto at = std::find(ends.begin(), ends.end(), *end);
  return names[static_cast<std::size_t>(at - ends.begin())];
}

}  // namespace heapglass
