#include "inspector/analysis/difference.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "inspector/analysis/dominators.h"
#include "inspector/analysis/path_text.h"
#include "inspector/analysis/piles.h"
#include "inspector/analysis/retained_together.h"
#include "inspector/graph/id_set.h"

namespace heapglass {

namespace {

// One number for each name in either graph.
class Groups {
 public:
  explicit Groups(DifferenceBy by) : by_(by) {}

  // By TypeId.
  std::vector<std::uint32_t> of(const HeapGraph& graph) {
    std::vector<std::uint32_t> numbers;
    for (const TypeRecord& type : graph.types) {
      const std::string& name = by_ == DifferenceBy::module ? type.module : type.name;
      const auto next = static_cast<std::uint32_t>(names_.size());
      const auto [at, is_new] = number_.try_emplace(name, next);
      if (is_new) names_.push_back(name);
      numbers.push_back(at->second);
    }
    return numbers;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  DifferenceBy by_;
  std::unordered_map<std::string, std::uint32_t> number_;
  std::vector<std::string> names_;
};

// One of the two looks: whose group is what, which of its objects the other does not have.
struct Side {
  const HeapGraph& graph;
  std::vector<std::uint32_t> group_of_type;
  IdSet changed;
  Dominators tree;

  std::uint32_t group_of(std::size_t object) const {
    return group_of_type[index(graph.type[object])];
  }
  // Of all objects, and of those that changed.
  void add(std::vector<ChangeRow>& rows, Amount ChangeRow::*all, Amount ChangeRow::*some) const {
    for (std::size_t i = 0; i < graph.size(); ++i) {
      ChangeRow& row = rows[group_of(i)];
      for (Amount* amount : {&(row.*all), changed.has(i) ? &(row.*some) : nullptr}) {
        if (amount == nullptr) continue;
        ++amount->count;
        amount->bytes += graph.bytes[i];
      }
    }
    const auto whole = retained_together(tree, rows.size(), [&](auto i) { return group_of(i); });
    const auto part = retained_together(tree, rows.size(), [&](std::uint32_t i) {
      return changed.has(i) ? group_of(i) : kNoGroup;
    });
    for (std::size_t i = 0; i < rows.size(); ++i) {
      (rows[i].*all).retained = whole[i].bytes;
      (rows[i].*some).retained = part[i].bytes;
    }
  }
};

// Of what changed, those that nothing else that changed retains.
std::vector<ObjectId> outermost(const Side& side) {
  std::vector<ObjectId> result;
  side.changed.for_each([&](std::size_t i) {
    const std::uint32_t above = side.tree.dominator[i];
    if (!side.tree.is_object(above) || !side.changed.has(above)) {
      result.push_back(ObjectId{static_cast<std::uint32_t>(i)});
    }
  });
  return result;
}

void add_held(const Side& side, Amount HeldRow::*amount, std::vector<HeldRow>& rows) {
  if (side.changed.count() == 0) return;
  std::unordered_map<std::string, std::size_t> known;
  const auto key = [](std::string_view type, std::string_view path) {
    return std::string(type) + '\n' + std::string(path);
  };
  for (std::size_t i = 0; i < rows.size(); ++i) known[key(rows[i].type, rows[i].path)] = i;
  const auto put = [&](std::string_view type, std::string path, const Amount& what) {
    const auto [at, is_new] = known.try_emplace(key(type, path), rows.size());
    if (is_new) rows.push_back({std::move(path), std::string(type), {}, {}});
    Amount& sum = rows[at->second].*amount;
    sum.count += what.count;
    sum.bytes += what.bytes;
    sum.retained += what.retained;
  };
  const ShortestPaths paths = shortest_paths(side.graph);
  const std::vector<ObjectId> objects = outermost(side);
  for (const Pile& pile : piles(side.graph, side.tree, paths, objects)) {
    put(type_name(side.graph, pile.example),
        shape_text(side.graph, path_to(side.graph, paths, pile.example)),
        {pile.count, pile.bytes, pile.retained});
  }
  // Garbage retains itself.
  for (const ObjectId object : objects) {
    if (paths.has(object)) continue;
    const std::size_t i = index(object);
    put(type_name(side.graph, object), {}, {1, side.graph.bytes[i], side.tree.bytes[i]});
  }
}

std::int64_t growth(std::uint64_t before, std::uint64_t after) {
  return static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before);
}

bool is_unchanged(const ChangeRow& row) {
  return row.fresh.count == 0 && row.gone.count == 0 && row.grown.count == 0 &&
         row.before.bytes == row.after.bytes;
}

void sort_rows(Difference& result) {
  std::sort(result.rows.begin(), result.rows.end(), [](const ChangeRow& a, const ChangeRow& b) {
    const auto of = [](const ChangeRow& row) {
      return std::pair(growth(row.before.bytes, row.after.bytes),
                       growth(row.before.count, row.after.count));
    };
    return of(a) != of(b) ? of(a) > of(b) : a.name < b.name;
  });
  std::sort(result.held.begin(), result.held.end(), [](const HeldRow& a, const HeldRow& b) {
    const auto of = [](const HeldRow& row) {
      return growth(row.gone.retained, row.fresh.retained);
    };
    return of(a) != of(b) ? of(a) > of(b) : std::pair(a.type, a.path) < std::pair(b.type, b.path);
  });
}

void add(const Amount& what, Amount& to) {
  to.count += what.count;
  to.bytes += what.bytes;
  to.retained += what.retained;
}

}  // namespace

Difference difference(const Look& before, const Look& after, const Look* between, DifferenceBy by) {
  Groups groups(by);
  Side old{before.graph, groups.of(before.graph), IdSet(before.graph.size()),
           dominators(before.graph)};
  Side now{after.graph, groups.of(after.graph), IdSet(after.graph.size()), dominators(after.graph)};
  std::vector<ChangeRow> rows(groups.names().size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].name = groups.names()[i];

  const Survivors since = survivors(before, after);
  Survivors later;
  if (between != nullptr) later = survivors(*between, after);
  for (std::size_t i = 0; i < before.graph.size(); ++i) old.changed.insert(i);
  for (std::size_t i = 0; i < after.graph.size(); ++i) {
    ChangeRow& row = rows[now.group_of(i)];
    const bool stayed = between == nullptr || !later.is_new(i);
    if (since.is_new(i)) {
      if (!stayed) continue;
      now.changed.insert(i);
      if (between != nullptr && later.open[i]) ++row.maybe_later;
      continue;
    }
    const std::size_t then = since.then[i];
    old.changed.erase(then);
    if (since.open[i] && stayed) ++row.maybe;
    if (after.graph.bytes[i] <= before.graph.bytes[then]) continue;
    ++row.grown.count;
    row.grown.bytes += after.graph.bytes[i] - before.graph.bytes[then];
  }
  old.add(rows, &ChangeRow::before, &ChangeRow::gone);
  now.add(rows, &ChangeRow::after, &ChangeRow::fresh);

  Difference result;
  for (const ChangeRow& row : rows) {
    for (Amount ChangeRow::*part : {&ChangeRow::before, &ChangeRow::after, &ChangeRow::fresh,
                                    &ChangeRow::gone, &ChangeRow::grown}) {
      add(row.*part, result.total.*part);
    }
    result.total.maybe += row.maybe;
    result.total.maybe_later += row.maybe_later;
  }
  // Of several types one may retain the other's.
  const auto together = [](const Side& side) {
    return retained_together(side.tree, 1,
                             [&](std::uint32_t i) { return side.changed.has(i) ? 0 : kNoGroup; })[0]
        .bytes;
  };
  result.total.fresh.retained = together(now);
  result.total.gone.retained = together(old);
  result.total.before.retained = old.tree.bytes[old.tree.root()];
  result.total.after.retained = now.tree.bytes[now.tree.root()];
  std::erase_if(rows, is_unchanged);
  result.rows = std::move(rows);
  add_held(now, &HeldRow::fresh, result.held);
  add_held(old, &HeldRow::gone, result.held);
  sort_rows(result);
  return result;
}

}  // namespace heapglass
