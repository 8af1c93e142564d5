// inspector/graph/literal.h: text as Python code.
#include "inspector/graph/literal.h"

#include <doctest/doctest.h>

using namespace heapglass;

TEST_CASE("a literal is quoted as repr() does") {
  CHECK(literal("plain") == "'plain'");
  CHECK(literal("") == "''");
  CHECK(literal("it's") == "\"it's\"");
  CHECK(literal("it's \"both\"") == R"('it\'s "both"')");
  CHECK(literal("\"double\"") == R"('"double"')");
  CHECK(literal("back\\slash") == R"('back\\slash')");
  CHECK(literal("a\nb\rc\td") == R"('a\nb\rc\td')");
  CHECK(literal(std::string("\0\x1b\x7f", 3)) == R"('\x00\x1b\x7f')");
  CHECK(literal("größe") == "'größe'");
}

TEST_CASE("names are letters, digits and underscores, and do not begin with a digit") {
  for (const char* name : {"x", "_", "__dict__", "X1", "größe", "ключ", "名前", "λ", "한글"}) {
    CAPTURE(name);
    CHECK(is_identifier(name));
  }
  for (const char* name : {"", "1x", "a b", "a.b", "a-b", "it's", "a\n", "a\u2028", "\u202ex",
                           "a×b", "a\xff", "a\xc3", "😀", "\u200b"}) {
    CAPTURE(name);
    CHECK_FALSE(is_identifier(name));
  }
}

TEST_CASE("what is no name is written as a subscript") {
  CHECK(attribute_label("total") == ".total");
  CHECK(attribute_label("no name") == "['no name']");
  CHECK(attribute_label("") == "['']");
  CHECK(subscript_label("os") == "['os']");
  CHECK(subscript_label("it's") == "[\"it's\"]");
}
