// inspector/python/contents.h: what objects contain, as Python code cut short.
#include "inspector/python/contents.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

// Of one object at a time.
struct Shower {
  FakeHeap& heap;

  std::optional<std::string> operator()(Address object, const std::string& type,
                                        const std::string& module = "builtins") const {
    HeapGraph graph;
    graph.types = {{0x10, type, module}};
    graph.type = {TypeId{0}};
    graph.address = {object};
    Contents contents(graph, heap.layout, Mirror(heap.memory.segments()), nullptr);
    return contents.of(ObjectId{0}, graph);
  }
};

}  // namespace

TEST_CASE("strings are shown as literals, cut at 60 characters, which is said behind the quote") {
  on_each_build([](FakeHeap& heap) {
    const Shower show{heap};
    CHECK(show(heap.str("it's"), "str") == "\"it's\"");
    CHECK(show(heap.str(U"größe 名"), "str") == "'größe 名'");
    CHECK(show(heap.str(std::string(60, 'a')), "str") == "'" + std::string(60, 'a') + "'");
    CHECK(show(heap.str(std::string(61, 'a')), "str") == "'" + std::string(60, 'a') + "'\u2026");
    CHECK(show(heap.str(std::u32string(70, U'名')), "str")->ends_with("名'\u2026"));
  });
}

TEST_CASE("integers of any sign and length are shown in decimal") {
  on_each_build([](FakeHeap& heap) {
    const Shower show{heap};
    CHECK(show(heap.integer(0), "int") == "0");
    CHECK(show(heap.integer(7), "int") == "7");
    CHECK(show(heap.integer(-5), "int") == "-5");
    CHECK(show(heap.integer(1'000'000'000), "int") == "1000000000");
    CHECK(show(heap.integer(1 << 30), "int") == "1073741824");
    CHECK(show(heap.integer(-9'223'372'036'854'775'807), "int") == "-9223372036854775807");
    CHECK(show(heap.integer(1), "bool") == "True");
    CHECK(show(heap.integer(0), "bool") == "False");
  });
}

TEST_CASE("an integer of 64 digits is cut, and one whose length is absurd not shown") {
  on_each_build([](FakeHeap& heap) {
    const Shower show{heap};
    const auto set_digits = [&](Address object, std::uint64_t count) {
      if (heap.layout.has(Fact::PyLongObject_long_value_lv_tag)) {
        heap.set(object, Fact::PyLongObject_long_value_lv_tag, count << 3);
      } else {
        heap.set(object, Fact::PyVarObject_ob_size, count);
      }
    };
    const Address object = heap.integer(1);
    heap.allocate(64);  // digits of it from now on
    const Address digit = object + heap.offset(Fact::PyLongObject_long_value_ob_digit);
    heap.put(digit, std::uint32_t{0});
    heap.put(digit + 7 * 4, std::uint32_t{1});
    set_digits(object, 8);
    // 2 ** 210
    CHECK(show(object, "int") == "164550455732120604215496918255735050498273586563357986334860…");
    set_digits(object, std::uint64_t{1} << 40);
    CHECK(show(object, "int") == std::nullopt);
  });
}

TEST_CASE("floats are shown as repr() does") {
  on_each_build([](FakeHeap& heap) {
    const Shower show{heap};
    const auto real = [&](double value) {
      const Address object = heap.object(heap.type("float"));
      heap.put(object + heap.offset(Fact::sizeof_PyObject), value);
      return show(object, "float").value_or("?");
    };
    CHECK(real(1) == "1.0");
    CHECK(real(-0.0) == "-0.0");
    CHECK(real(0.1) == "0.1");
    CHECK(real(1e15) == "1000000000000000.0");
    CHECK(real(1e16) == "1e+16");
    CHECK(real(0.0001) == "0.0001");
    CHECK(real(0.00001) == "1e-05");
    CHECK(real(1.7976931348623157e308) == "1.7976931348623157e+308");
    CHECK(real(HUGE_VAL) == "inf");
    CHECK(real(-HUGE_VAL) == "-inf");
    CHECK(real(std::nan("")) == "nan");
  });
}

TEST_CASE("bytes are shown in ASCII, cut at 60") {
  on_each_build([](FakeHeap& heap) {
    const Shower show{heap};
    const auto bytes = [&](std::string_view text) {
      const std::size_t head = heap.offset(Fact::PyBytesObject_ob_sval);
      const Address object = heap.object(heap.type("bytes"), head + text.size() + 1);
      heap.set(object, Fact::PyVarObject_ob_size, text.size());
      for (std::size_t i = 0; i < text.size(); ++i) heap.put(object + head + i, text[i]);
      return show(object, "bytes").value_or("?");
    };
    CHECK(bytes("a'b") == "b\"a'b\"");
    CHECK(bytes("\xff\n") == R"(b'\xff\n')");
    CHECK(bytes(std::string(61, 'x')) == "b'" + std::string(60, 'x') + "'\u2026");
  });
}

TEST_CASE("of no other type anything is shown, whatever it is called") {
  on_each_build([](FakeHeap& heap) {
    const Shower show{heap};
    CHECK(show(heap.none(), "NoneType") == "None");
    CHECK(show(heap.str("x"), "app.str", "app") == std::nullopt);
    CHECK(show(heap.str("x"), "list") == std::nullopt);
  });
}
