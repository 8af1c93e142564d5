// The part of a graph in which cycles can be: without what leads nowhere and what nothing leads to.
// Most of a heap is trees, which a few sequential rounds take away, each by a pass over the
// references that are left; what remains is copied into rows of its own, close together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "inspector/graph/heap_graph.h"
#include "inspector/graph/id_set.h"
#include "inspector/workers.h"

namespace heapglass {

// References of node n: [begin[n], begin[n + 1]).
struct Subgraph {
  std::vector<ObjectId> objects;  // by node, ascending
  std::vector<std::uint64_t> begin{0};
  std::vector<std::uint32_t> to;         // nodes
  std::vector<std::uint64_t> reference;  // in the graph: for its label

  std::size_t size() const { return objects.size(); }
};

// Of the objects in `nodes` (words of whole sets), by references for which keep(from, reference)
// says yes; it is called from several threads. Every cycle among these is in the result.
template <class Keep>
Subgraph cyclic_part(const HeapGraph& graph, IdSet nodes, Keep keep) {
  constexpr std::size_t kWordsATask = 1 << 12;
  constexpr int kMostRounds = 16;
  constexpr std::size_t kWorthwhile = 8;  // a round that takes away one in so many
  const auto for_each_kept = [&](std::size_t from, const IdSet& among, auto take) {
    for (std::uint64_t r = graph.reference_begin[from]; r < graph.reference_begin[from + 1]; ++r) {
      const std::size_t to = index(graph.reference_to[r]);
      if (among.has(to) && keep(from, r)) take(to, r);
    }
  };
  std::size_t left = nodes.count();
  for (int round = 0; round < kMostRounds; ++round) {
    IdSet leading(graph.size()), led_to(graph.size());
    const std::size_t tasks = (nodes.words() + kWordsATask - 1) / kWordsATask;
    run_tasks(tasks, worker_count(), [&](std::size_t, std::size_t task) {
      const std::size_t end = std::min(nodes.words(), (task + 1) * kWordsATask);
      nodes.for_each(task * kWordsATask, end, [&](std::size_t from) {
        bool leads = false;
        for_each_kept(from, nodes, [&](std::size_t to, std::uint64_t) {
          leads = true;
          led_to.insert_shared(to);
        });
        if (leads) leading.insert(from);  // words of this task alone
      });
    });
    for (std::size_t w = 0; w < nodes.words(); ++w)
      nodes.word(w) = leading.word(w) & led_to.word(w);
    const std::size_t now = nodes.count();
    const bool worthwhile = left - now > left / kWorthwhile;
    left = now;
    if (!worthwhile) break;
  }

  Subgraph part;
  part.objects.reserve(left);
  nodes.for_each([&](std::size_t i) { part.objects.push_back(static_cast<ObjectId>(i)); });
  // Ranks of a bit set: what stands before each word, and the bits below.
  std::vector<std::uint32_t> before(nodes.words());
  std::uint32_t sum = 0;
  for (std::size_t w = 0; w < nodes.words(); ++w) {
    before[w] = sum;
    sum += static_cast<std::uint32_t>(std::popcount(nodes.word(w)));
  }
  for (const ObjectId object : part.objects) {
    for_each_kept(index(object), nodes, [&](std::size_t to, std::uint64_t r) {
      const std::uint64_t below = (std::uint64_t{1} << (to % IdSet::kWord)) - 1;
      const int rank = std::popcount(nodes.word(to / IdSet::kWord) & below);
      part.to.push_back(before[to / IdSet::kWord] + static_cast<std::uint32_t>(rank));
      part.reference.push_back(r);
    });
    part.begin.push_back(part.to.size());
  }
  return part;
}

}  // namespace heapglass
