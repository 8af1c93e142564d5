// Sums per type object first (dense, one pass over the objects), then types of one name together.
#include "inspector/analysis/histogram.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "inspector/analysis/glob.h"
#include "inspector/workers.h"

namespace heapglass {
namespace {

void add(HistogramRow& to, const HistogramRow& row) {
  to.count += row.count;
  to.bytes += row.bytes;
  to.footprint += row.footprint;
  to.tracked += row.tracked;
  to.distinct_types += row.distinct_types;
}

using Sums = std::vector<HistogramRow>;  // by TypeId

void add_object(Sums& sums, const HeapGraph& graph, std::size_t i) {
  HistogramRow& sum = sums[index(graph.type[i])];
  ++sum.count;
  sum.bytes += graph.bytes[i];
  sum.footprint += graph.footprint[i];
  sum.tracked += graph.flags[i] & HeapGraph::kTracked ? 1 : 0;
  sum.distinct_types = 1;
}

Sums sums_by_type(const HeapGraph& graph, bool tracked_only, const std::vector<bool>& only) {
  constexpr std::size_t kObjectsATask = 1 << 18;
  const std::size_t tasks = (graph.size() + kObjectsATask - 1) / kObjectsATask;
  std::vector<Sums> parts(worker_count(), Sums(graph.types.size()));
  run_tasks(tasks, parts.size(), [&](std::size_t worker, std::size_t task) {
    const std::size_t end = std::min(graph.size(), (task + 1) * kObjectsATask);
    for (std::size_t i = task * kObjectsATask; i < end; ++i) {
      if (tracked_only && !(graph.flags[i] & HeapGraph::kTracked)) continue;
      if (!only.empty() && !only[i]) continue;
      add_object(parts[worker], graph, i);
    }
  });
  for (std::size_t part = 1; part < parts.size(); ++part) {
    for (std::size_t i = 0; i < graph.types.size(); ++i) {
      const std::uint64_t distinct = parts[0][i].distinct_types | parts[part][i].distinct_types;
      add(parts[0][i], parts[part][i]);
      parts[0][i].distinct_types = distinct;
    }
  }
  return std::move(parts[0]);
}

std::uint64_t key(const HistogramRow& row, HistogramSort sort) {
  switch (sort) {
    case HistogramSort::bytes:
      return row.bytes;
    case HistogramSort::footprint:
      return row.footprint;
    case HistogramSort::count:
      return row.count;
  }
  return 0;
}

void sort_rows(std::vector<HistogramRow>& rows, HistogramSort sort) {
  std::sort(rows.begin(), rows.end(), [&](const HistogramRow& a, const HistogramRow& b) {
    const std::uint64_t key_a = key(a, sort), key_b = key(b, sort);
    return key_a != key_b ? key_a > key_b : a.name < b.name;
  });
}

}  // namespace

Histogram histogram(const HeapGraph& graph, const HistogramOptions& options,
                    const std::vector<bool>& only) {
  const Sums sums = sums_by_type(graph, options.tracked_only, only);
  Histogram result;
  std::unordered_map<std::string_view, std::size_t> row_of;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const TypeRecord& type = graph.types[i];
    if (sums[i].count == 0) continue;
    if (!options.type_pattern.empty() && !glob_match(options.type_pattern, type.name)) continue;
    const std::string& name = options.by == HistogramBy::module ? type.module : type.name;
    const auto [at, is_new] = row_of.try_emplace(name, result.rows.size());
    if (is_new) result.rows.emplace_back().name = name;
    add(result.rows[at->second], sums[i]);
    add(result.total, sums[i]);
  }
  sort_rows(result.rows, options.sort);
  return result;
}

Histogram sum_of(const std::vector<const Histogram*>& histograms, HistogramSort sort) {
  Histogram sum;
  std::unordered_map<std::string_view, std::size_t> row_of;
  for (const Histogram* part : histograms) {
    for (const HistogramRow& row : part->rows) {
      const auto [at, is_new] = row_of.try_emplace(row.name, sum.rows.size());
      if (is_new) sum.rows.emplace_back().name = row.name;
      add(sum.rows[at->second], row);
    }
    add(sum.total, part->total);
  }
  sort_rows(sum.rows, sort);
  return sum;
}

std::vector<GrownRow> grown_rows(const Histogram& before, const Histogram& now,
                                 HistogramSort sort) {
  std::vector<GrownRow> rows;
  std::unordered_map<std::string_view, std::size_t> row_of;
  for (const HistogramRow& row : now.rows) {
    row_of[row.name] = rows.size();
    rows.push_back({{}, row});
    rows.back().before.name = row.name;
  }
  for (const HistogramRow& row : before.rows) {
    const auto [at, is_new] = row_of.try_emplace(row.name, rows.size());
    if (is_new) rows.emplace_back().now.name = row.name;
    rows[at->second].before = row;
  }
  const auto growth = [&](const GrownRow& row) {
    return static_cast<std::int64_t>(key(row.now, sort)) -
           static_cast<std::int64_t>(key(row.before, sort));
  };
  std::sort(rows.begin(), rows.end(), [&](const GrownRow& a, const GrownRow& b) {
    return growth(a) != growth(b) ? growth(a) > growth(b) : a.now.name < b.now.name;
  });
  return rows;
}

}  // namespace heapglass
