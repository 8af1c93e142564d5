// inspector/python/text.h: Python strings as UTF-8.
#include "inspector/python/text.h"

#include <doctest/doctest.h>

#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

std::optional<std::string> text_of(FakeHeap& heap, Address str, std::size_t limit = 1024) {
  FakeView view(heap);
  return read_text(str, heap.layout, view.mirror, limit);
}

}  // namespace

TEST_CASE("a str of each kind is read as UTF-8") {
  on_each_build([](FakeHeap& heap) {
    CHECK(text_of(heap, heap.str("")) == "");
    CHECK(text_of(heap, heap.str("spam")) == "spam");
    CHECK(text_of(heap, heap.str(U"caf\u00e9")) == "caf\u00e9");
    CHECK(text_of(heap, heap.str(U"\u20ac uro")) == "\u20ac uro");
    CHECK(text_of(heap, heap.str(U"\U0001f40d py")) == "\U0001f40d py");
    CHECK(text_of(heap, heap.str(U"a\0b")) == "a");  // the literal ends there
    CHECK(text_of(heap, heap.str(std::u32string(U"a\0b", 3))) == std::string("a\0b", 3));
  });
}

TEST_CASE("a str whose characters stand elsewhere is read too") {
  on_each_build([](FakeHeap& heap) {
    CHECK(text_of(heap, heap.loose_str(U"ascii")) == "ascii");
    CHECK(text_of(heap, heap.loose_str(U"\u20ac")) == "\u20ac");
  });
}

TEST_CASE("lone surrogates, and code points that there are not, become U+FFFD") {
  on_each_build([](FakeHeap& heap) {
    CHECK(text_of(heap, heap.str(std::u32string{U'a', 0xd83d, U'b'})) == "a\ufffdb");
    // Not a pair: a str has code points, not UTF-16.
    CHECK(text_of(heap, heap.str(std::u32string{0xd83d, 0xdc0d})) == "\ufffd\ufffd");
    CHECK(text_of(heap, heap.str(std::u32string{0x7fffffff, U'x'})) == "\ufffdx");
  });
}

TEST_CASE("text longer than the limit is cut there, and says so") {
  on_each_build([](FakeHeap& heap) {
    CHECK(text_of(heap, heap.str("abcdef"), 6) == "abcdef");
    CHECK(text_of(heap, heap.str("abcdef"), 3) == "abc\u2026");
    CHECK(text_of(heap, heap.str("abcdef"), 0) == "\u2026");
    // Code points are counted, not bytes.
    CHECK(text_of(heap, heap.str(U"\U0001f40d\U0001f40d\U0001f40d"), 2) ==
          "\U0001f40d\U0001f40d\u2026");
  });
}

TEST_CASE("a length that does not fit the memory is no text") {
  on_each_build([](FakeHeap& heap) {
    for (const std::int64_t length :
         {std::int64_t{1} << 60, std::int64_t{-1}, INT64_MAX, INT64_MIN}) {
      CAPTURE(length);
      for (const Address str : {heap.str("abc"), heap.str(U"\U0001f40d"), heap.loose_str(U"abc")}) {
        heap.set(str, Fact::PyASCIIObject_length, length);
        CHECK(text_of(heap, str) == std::nullopt);
        FakeView view(heap);
        CHECK_FALSE(text_shape(str, heap.layout, view.mirror));
      }
    }
  });
}

TEST_CASE("a kind that there is not, or characters nowhere, are no text") {
  on_each_build([](FakeHeap& heap) {
    const Address odd = heap.str("abc");
    heap.set(odd, Fact::PyASCIIObject_state, 3u << 2 | 1u << 5 | 1u << 6);
    CHECK(text_of(heap, odd) == std::nullopt);
    const Address lost = heap.loose_str(U"abc");
    heap.set(lost, Fact::PyUnicodeObject_data, Address{0x10});
    CHECK(text_of(heap, lost) == std::nullopt);
    heap.set(lost, Fact::PyUnicodeObject_data, Address{0});
    CHECK(text_of(heap, lost) == std::nullopt);
    CHECK(text_of(heap, 0) == std::nullopt);
    CHECK(text_of(heap, 0xdeadbeef) == std::nullopt);
  });
}

TEST_CASE("a UTF-8 copy counts with its NUL, unless it is the text itself") {
  on_each_build([](FakeHeap& heap) {
    const Address str = heap.str(U"\u20ac\u20ac");
    heap.set(str, Fact::PyCompactUnicodeObject_utf8, heap.c_string("\u20ac\u20ac"));
    heap.set(str, Fact::PyCompactUnicodeObject_utf8_length, std::int64_t{6});
    const Address own = heap.loose_str(U"abc");
    heap.set(own, Fact::PyCompactUnicodeObject_utf8, heap.pointer(own, Fact::PyUnicodeObject_data));
    heap.set(own, Fact::PyCompactUnicodeObject_utf8_length, std::int64_t{3});
    FakeView view(heap);
    CHECK(text_shape(str, heap.layout, view.mirror)->utf8_bytes == 7);
    CHECK(text_shape(own, heap.layout, view.mirror)->utf8_bytes == 0);
  });
}

TEST_CASE("a UTF-8 copy longer than the memory it lies in is absurd") {
  on_each_build([](FakeHeap& heap) {
    for (const std::int64_t length : {std::int64_t{1} << 60, std::int64_t{-1}}) {
      const Address str = heap.str(U"\u20ac");
      heap.set(str, Fact::PyCompactUnicodeObject_utf8, heap.c_string("\u20ac"));
      heap.set(str, Fact::PyCompactUnicodeObject_utf8_length, length);
      FakeView view(heap);
      CHECK_FALSE(text_shape(str, heap.layout, view.mirror));
    }
  });
}

TEST_CASE("the head of a text whose tail was left out is read, and its length believed") {
  on_each_build([](FakeHeap& heap) {
    const Address str = heap.str(std::string(100'000, 'x'));
    std::vector<Mirror::Segment> segments = heap.memory.segments();
    const AddressRange all = segments[1].range;
    const AddressRange head{all.begin, (str + 4096) & ~Address{4095}};
    Mirror::Segment copied = Mirror::whole(head);
    std::memcpy(copied.data, segments[1].data, head.size());
    segments[1] = std::move(copied);
    segments.push_back(Mirror::left_out({head.end, all.end}));
    FakeView view(heap, std::move(segments));
    CHECK(text_shape(str, heap.layout, view.mirror)->length == 100'000);
    CHECK(read_text(str, heap.layout, view.mirror, 2) == "xx\u2026");
    CHECK(view.bytes(str) == heap.offset(Fact::sizeof_PyASCIIObject) + 100'001);
    CHECK(view.faults() == 0);
  });
}
