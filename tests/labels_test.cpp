// inspector/graph/labels.h: every sort of edge as a programmer writes it.
#include "inspector/graph/labels.h"

#include <doctest/doctest.h>

#include "inspector/graph/edge.h"

using namespace heapglass;

namespace {

// Object 0 refers to the others: 1 is a str, 2 of a class.
struct Graph {
  HeapGraph graph;

  explicit Graph(std::vector<std::pair<std::uint32_t, std::uint32_t>> edges_and_targets) {
    graph.types = {{0x10, "dict", "builtins"}, {0x20, "str", "builtins"}, {0x30, "app.Key", "app"}};
    graph.type = {TypeId{0}, TypeId{1}, TypeId{2}};
    graph.address = {0x1000, 0x2000, 0x3000};
    graph.names = {".x", "local y"};
    graph.reference_begin = {0};
    for (const auto& [edge, to] : edges_and_targets) {
      graph.edge.push_back(edge);
      graph.reference_to.push_back(ObjectId{to});
    }
    graph.reference_begin.resize(4, graph.edge.size());
  }

  std::string label(std::uint64_t reference, const KeyText& text = {}) const {
    std::string label;
    append_label(label, graph, ObjectId{0}, reference, text);
    return label;
  }
};

std::uint32_t edge(LabelKind label, std::uint64_t index = 0) {
  return edge_code(ReferenceKind::owned, label, index);
}

std::string label_of(std::uint32_t edge) { return Graph({{edge, 1}}).label(0); }

}  // namespace

TEST_CASE("each sort of label has its text") {
  CHECK(label_of(edge(LabelKind::field, 0)) == ".x");
  CHECK(label_of(edge(LabelKind::attribute, 1)) == "local y");
  CHECK(label_of(edge(LabelKind::item, 3)) == "[3]");
  CHECK(label_of(edge(LabelKind::key)) == "<key>");
  CHECK(label_of(edge(LabelKind::local, 2)) == "local 2");
  CHECK(label_of(edge(LabelKind::stack, 0)) == "<stack 0>");
  CHECK(label_of(edge(LabelKind::unnamed, 24)) == "<+24>");
}

TEST_CASE("a position that fits no edge is not told as one that does") {
  CHECK(label_of(edge(LabelKind::item, kEdgeIndexMax - 1)) == "[134217726]");
  CHECK(label_of(edge(LabelKind::item, std::uint64_t{1} << 40)) == "[>=134217727]");
}

TEST_CASE("a value is labelled by the type of its key, and by its text only where one is given") {
  const Graph graph({{edge(LabelKind::key), 1},
                     {edge(LabelKind::value), 2},
                     {edge(LabelKind::key), 2},
                     {edge(LabelKind::value), 1}});
  CHECK(graph.label(1) == "[<str>]");
  CHECK(graph.label(3) == "[<app.Key>]");
  const KeyText text = [](ObjectId key) -> std::optional<std::string> {
    if (key == ObjectId{1}) return "'secret'";
    return std::nullopt;
  };
  CHECK(graph.label(1, text) == "['secret']");
  CHECK(graph.label(3, text) == "[<app.Key>]");
}

TEST_CASE("a value whose key could not be read has no other object's key") {
  Graph graph(
      {{edge(LabelKind::key), 1}, {edge(LabelKind::value), 2}, {edge(LabelKind::value), 2}});
  CHECK(graph.label(2) == "[<?>]");
  // The same references, but the key is the last one of the object before.
  graph.graph.reference_begin = {1, 3, 3, 3};
  CHECK(graph.label(1) == "[<?>]");
}
