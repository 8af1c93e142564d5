// inspector/python/columns.h: what is known of objects beside the graph. What real interpreters say
// of theirs is compared in live/columns.py.
#include "inspector/python/columns.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "inspector/walk.h"
#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

struct Read {
  FakeView view;
  HeapGraph graph;
  Columns columns;

  // Of objects that all stand in one list, the first of the heap.
  Read(const FakeHeap& heap, Address head) : view(heap) {
    graph = walk(heap.runtime({head}), {}, {}, view.decoders, Run{});
    columns = read_columns(graph, view.decoders, kAllColumns, Run{});
  }
  ObjectId id(Address object) const {
    const auto found = graph.find(object);
    REQUIRE(found);
    return *found;
  }
  void check_extent(Address object, std::uint64_t length, std::uint64_t capacity) const {
    const Extent* extent = columns.extent.of(id(object));
    REQUIRE(extent != nullptr);
    CHECK(extent->length == length);
    CHECK(extent->capacity == capacity);
  }
  bool has_extent(Address object) const { return columns.extent.of(id(object)) != nullptr; }
  std::uint64_t hash(Address object) const {
    const std::uint64_t* hash = columns.content_hash.of(id(object));
    REQUIRE(hash != nullptr);
    return *hash;
  }
};

}  // namespace

TEST_CASE("containers tell what they hold and have room for, texts their bytes") {
  on_each_build([](FakeHeap& heap) {
    const Address list = heap.list({heap.none(), heap.none()}, 8), empty = heap.list({});
    const Address dict = heap.dict({{heap.str("a"), heap.none()}, {heap.str("gone"), 0}});
    const Address small = heap.set_of({}), large = heap.set_of({heap.str("b"), heap.str("c")});
    const Address deque = heap.deque(std::vector<Address>(150, heap.none()), 60);
    const Address ascii = heap.str("abc"), wide = heap.str(U"\u20ac\u20ac");
    const Address all = heap.list({list, empty, dict, small, large, deque, ascii, wide});
    const Read read(heap, heap.collector_list({all}));
    read.check_extent(list, 2, 8);
    read.check_extent(empty, 0, 0);
    read.check_extent(dict, 1, 5);
    read.check_extent(small, 0, 8);
    read.check_extent(large, 2, 8);
    read.check_extent(deque, 150, 4 * 64);  // from the 60th of the first block on
    read.check_extent(ascii, 3, 3);
    read.check_extent(wide, 4, 4);
    CHECK(read.columns.extent.of(read.id(heap.none())) == nullptr);
    CHECK(std::is_sorted(read.columns.extent.objects.begin(), read.columns.extent.objects.end()));
  });
}

TEST_CASE("equal contents have equal hashes, and others not") {
  on_each_build([](FakeHeap& heap) {
    std::vector<Address> texts;
    for (int length = 0; length <= 40; ++length) {
      std::u32string text(static_cast<std::size_t>(length), U'a');
      texts.push_back(heap.str(text));
      if (length == 0) continue;
      text.back() = U'b';
      texts.push_back(heap.str(text));
      text.front() = U'c';
      if (length > 1) texts.push_back(heap.str(text));
    }
    texts.push_back(heap.str(U"\u0100"));             // one character of the bytes 00 01
    texts.push_back(heap.str(std::u32string{0, 1}));  // two
    const Address twin = heap.str(std::u32string(17, U'a'));
    std::vector<Address> all = texts;
    all.push_back(twin);
    const Read read(heap, heap.collector_list({heap.list(all)}));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) CHECK(read.hash(texts[i]) != read.hash(texts[j]));
    }
    CHECK(read.columns.content_hash.objects.size() == all.size());
    int twins = 0;
    for (const Address text : texts) twins += read.hash(text) == read.hash(twin);
    CHECK(twins == 1);
  });
}

TEST_CASE("lengths that cannot be have no value") {
  on_each_build([](FakeHeap& heap) {
    const std::uint64_t huge = std::uint64_t{1} << 60;
    const Address list = heap.list({heap.none()}), longer = heap.list({heap.none()});
    heap.set(list, Fact::PyListObject_allocated, huge);
    heap.set(longer, Fact::PyVarObject_ob_size, std::int64_t{2});
    const Address set = heap.set_of({}), all_ones = heap.set_of({});
    heap.set(set, Fact::PySetObject_mask, huge - 1);
    heap.set(all_ones, Fact::PySetObject_mask, std::numeric_limits<std::uint64_t>::max());
    const Address deque = heap.deque({heap.none()}, 31), dict = heap.dict({});
    heap.set(deque, Fact::PyVarObject_ob_size, huge);
    heap.set(dict, Fact::PyDictObject_ma_used, huge);
    const Address text = heap.str("abc");
    heap.set(text, Fact::PyASCIIObject_length, huge);
    const Address all = heap.list({list, longer, set, all_ones, deque, dict, text});
    const Read read(heap, heap.collector_list({all}));
    for (const Address object : {list, longer, set, all_ones, deque, dict, text}) {
      CHECK_FALSE(read.has_extent(object));
    }
    CHECK(read.columns.content_hash.of(read.id(text)) == nullptr);
  });
}
