// Breadth-first searches from a few objects of the component: the most referred-to, for what many
// hold (a parent, a registry) is what closes cycles.
#include "inspector/analysis/shortest_cycle.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "inspector/graph/edge.h"

namespace heapglass {

namespace {
constexpr std::size_t kMostStarts = 64;
constexpr std::size_t kMostTypes = 32;  // of a signature

// The program's own types come before builtins: its Node is where one looks first.
using TypeName = std::pair<bool, std::string_view>;

// Where the smallest of all rotations begins. O(size): of two candidates the one that turns out
// larger at its k-th type can, with the k behind it, begin none that is smaller.
std::size_t smallest_rotation(const std::vector<TypeName>& types) {
  const std::size_t n = types.size();
  std::size_t a = 0, b = 1, k = 0;
  while (a < n && b < n && k < n) {
    const TypeName &of_a = types[(a + k) % n], &of_b = types[(b + k) % n];
    if (of_a == of_b) {
      ++k;
      continue;
    }
    (of_a > of_b ? a : b) += k + 1;
    if (a == b) ++b;
    k = 0;
  }
  return std::min(a, b);
}

std::string signature_of(const std::vector<TypeName>& types) {
  std::string signature;
  for (std::size_t i = 0; i < std::min(types.size(), kMostTypes); ++i) {
    signature.append(types[i].second).append(" -> ");
  }
  if (types.size() > kMostTypes) {
    signature += "(" + std::to_string(types.size() - kMostTypes) + " more) -> ";
  }
  return signature.append(types.front().second);
}
}  // namespace

CycleFinder::CycleFinder(const HeapGraph& graph, const Subgraph& part)
    : graph_(graph),
      part_(part),
      component_of_(part.size()),
      seen_(part.size()),
      met_by_(part.size()),
      met_from_(part.size()),
      degree_(part.size()) {}

CycleFinder::Cycle CycleFinder::shortest(std::span<const std::uint32_t> component) {
  ++calls_;
  for (const std::uint32_t node : component) {
    component_of_[node] = calls_;
    degree_[node] = 0;
  }
  for (const std::uint32_t node : component) {
    for (std::uint64_t r = part_.begin[node]; r < part_.begin[node + 1]; ++r) {
      if (component_of_[part_.to[r]] == calls_) ++degree_[part_.to[r]];
    }
  }
  std::vector<std::uint32_t> starts(component.begin(), component.end());
  if (starts.size() > kMostStarts) {
    const auto more = [&](std::uint32_t a, std::uint32_t b) {
      return degree_[a] != degree_[b] ? degree_[a] > degree_[b] : a < b;
    };
    std::nth_element(starts.begin(), starts.begin() + kMostStarts, starts.end(), more);
    starts.resize(kMostStarts);
    std::sort(starts.begin(), starts.end());
  }
  Cycle best;
  std::size_t most = std::numeric_limits<std::size_t>::max();
  for (const std::uint32_t start : starts) {
    const std::vector<std::uint64_t> references = through(start, most);
    if (references.empty()) continue;
    Cycle cycle = describe(references);
    if (references.size() < most || cycle.signature < best.signature) best = std::move(cycle);
    most = references.size();
  }
  return best;
}

std::vector<std::uint64_t> CycleFinder::through(std::uint32_t start, std::size_t most) {
  ++searches_;
  std::vector<std::uint32_t> level{start}, next;
  for (std::size_t length = 1; !level.empty() && length <= most; ++length) {
    next.clear();
    for (const std::uint32_t node : level) {
      for (std::uint64_t r = part_.begin[node]; r < part_.begin[node + 1]; ++r) {
        const std::uint32_t to = part_.to[r];
        if (component_of_[to] != calls_ || seen_[to] == searches_) continue;
        seen_[to] = searches_;
        met_by_[to] = r;
        met_from_[to] = node;
        if (to != start) {
          next.push_back(to);
          continue;
        }
        std::vector<std::uint64_t> references;
        std::uint32_t at = start;
        do {
          references.push_back(met_by_[at]);
          at = met_from_[at];
        } while (at != start);
        std::reverse(references.begin(), references.end());
        return references;
      }
    }
    std::swap(level, next);
  }
  return {};
}

// The dict of attributes between what has it for its __dict__ and an attribute's value.
CycleFinder::Cycle CycleFinder::describe(const std::vector<std::uint64_t>& references) const {
  const std::size_t n = references.size();
  std::vector<std::uint32_t> holder(n);  // nodes
  for (std::size_t i = 0; i < n; ++i) holder[(i + 1) % n] = part_.to[references[i]];
  const auto is_own_dict = [&](std::size_t i) {  // the holder of reference i
    const std::size_t before = (i + n - 1) % n;
    const std::uint32_t edge = graph_.edge[part_.reference[references[before]]];
    return n > 1 && edge_label(edge) == LabelKind::field &&
           graph_.names[edge_index(edge)] == ".__dict__" &&
           edge_label(graph_.edge[part_.reference[references[i]]]) == LabelKind::attribute;
  };
  std::vector<CycleStep> steps;
  for (std::size_t i = 0; i < n; ++i) {
    if (is_own_dict(i)) continue;  // told with its instance
    const std::size_t held = (i + 1) % n;
    const std::size_t shown = is_own_dict(held) ? held : i;
    steps.push_back({part_.objects[holder[i]], part_.objects[holder[shown]],
                     part_.reference[references[shown]]});
  }
  std::vector<TypeName> types;
  for (const CycleStep& step : steps) {
    const TypeRecord& type = graph_.types[index(graph_.type[index(step.object)])];
    types.emplace_back(type.module == "builtins", type.name);
  }
  const auto first = static_cast<std::ptrdiff_t>(smallest_rotation(types));
  std::rotate(steps.begin(), steps.begin() + first, steps.end());
  std::rotate(types.begin(), types.begin() + first, types.end());
  return {std::move(steps), signature_of(types)};
}

}  // namespace heapglass
