#include "inspector/analysis/survivors.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace heapglass {

namespace {

constexpr std::uint8_t kOldest = 2;
constexpr std::uint8_t kNoGeneration = UINT8_MAX;  // untracked, frozen, or not known

// By object.
std::vector<std::uint8_t> generations(const Look& look) {
  std::vector<std::uint8_t> result(look.graph.size(), kNoGeneration);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::uint8_t flags = look.graph.flags[i];
    if ((flags & HeapGraph::kTracked) && !(flags & HeapGraph::kFrozen)) result[i] = kOldest;
  }
  const SparseColumn<std::uint8_t>& young = look.columns.generation;
  for (std::size_t i = 0; i < young.objects.size(); ++i) {
    result[index(young.objects[i])] = young.values[i];
  }
  return result;
}

// What the collections between two looks say of generations. Of several interpreters each has its
// own, and whose an object is is not known.
struct Collections {
  std::uint8_t oldest_new = kOldest;  // that an object made since can stand in
  std::array<std::uint8_t, kOldest + 1> least{0, 1,
                                              2};  // by generation then: that it can be in now
};

Collections collections_between(const Look& before, const Look& after) {
  Collections result;
  if (before.collectors.size() != 1 || after.collectors.size() != 1) return result;
  const auto ran = [&](std::size_t generation) {
    return after.collectors[0].generations[generation].collections !=
           before.collectors[0].generations[generation].collections;
  };
  const bool old = ran(1) || ran(2);
  result.oldest_new = old ? 2 : ran(0) ? 1 : 0;
  if (ran(0)) result.least[0] = 1;
  if (old) result.least[0] = result.least[1] = 2;
  return result;
}

bool has_fixed_size(std::string_view type) {
  return type == "bytes" || type == "int" || type == "tuple";
}

class Comparison {
 public:
  Comparison(const Look& before, const Look& after)
      : before_(before.graph),
        after_(after.graph),
        tells_generations_(before.generations && after.generations),
        collections_(collections_between(before, after)),
        generation_before_(generations(before)),
        generation_after_(generations(after)) {}

  Survivors run() {
    Survivors result;
    result.then.resize(after_.size());
    result.open.resize(after_.size());
    for (std::uint32_t i = 0; i < after_.size(); ++i) {
      const auto then = before_.find(after_.address[i]);
      const bool same = then && may_be_same(static_cast<std::uint32_t>(*then), i);
      result.then[i] = same ? static_cast<std::uint32_t>(*then) : Survivors::kNew;
      result.open[i] = same && !is_old(i);
    }
    close_what_is_held_as_before(result);
    return result;
  }

 private:
  bool may_be_same(std::uint32_t then, std::uint32_t now) const {
    const std::string& type = type_name(after_, ObjectId{now});
    if (type != type_name(before_, ObjectId{then})) return false;
    if (has_fixed_size(type) && before_.bytes[then] != after_.bytes[now]) return false;
    const std::uint8_t was = generation_before_[then], is = generation_after_[now];
    if (!tells_generations_ || was > kOldest || is > kOldest || type == "dict") return true;
    return is >= collections_.least[was];
  }

  bool is_old(std::uint32_t now) const {
    if (after_.flags[now] & HeapGraph::kImmortal) return true;
    const std::uint8_t generation = generation_after_[now];
    return tells_generations_ && generation <= kOldest && generation > collections_.oldest_new;
  }

  void close_what_is_held_as_before(Survivors& result) const {
    for (std::uint32_t now = 0; now < after_.size(); ++now) {
      if (result.is_new(now)) continue;
      const std::uint32_t then = result.then[now];
      const std::uint64_t begin = after_.reference_begin[now];
      const std::uint64_t begin_then = before_.reference_begin[then];
      const std::uint64_t n = std::min(after_.reference_begin[now + 1] - begin,
                                       before_.reference_begin[then + 1] - begin_then);
      for (std::uint64_t r = 0; r < n; ++r) {
        const std::size_t held = index(after_.reference_to[begin + r]);
        if (result.then[held] == index(before_.reference_to[begin_then + r])) {
          result.open[held] = false;
        }
      }
    }
  }

  const HeapGraph& before_;
  const HeapGraph& after_;
  const bool tells_generations_;
  const Collections collections_;
  const std::vector<std::uint8_t> generation_before_, generation_after_;
};

}  // namespace

Survivors survivors(const Look& before, const Look& after) {
  return Comparison(before, after).run();
}

}  // namespace heapglass
