// symbols/nameless.cpp: an interpreter's variables, made by hand.
#include "symbols/nameless.h"

#include <doctest/doctest.h>
#include <elf.h>

#include <cstring>
#include <string>

#include "tests/support/fake_memory.h"

using namespace heapglass;

namespace {

constexpr Address kBias = 0x10000, kData = 0x2000, kSize = 0x4000;

struct Program {
  Interpreter interpreter;
  FakeMemory memory;

  Program() {
    interpreter.bias = kBias;
    interpreter.image.segments = {{kData, 0, kSize, kSize, PF_W}};
    memory.add({kBias + kData, kBias + kData + kSize});
  }
  void put(Address at, const std::string& text) {
    std::memcpy(memory.bytes(kBias + at, text.size() + 1), text.c_str(), text.size() + 1);
  }
  void put_type(const Layout& layout, Address at, Address type, Address name) {
    const auto field = [&](Fact fact) { return kBias + at + static_cast<Address>(layout[fact]); };
    memory.put<Address>(field(Fact::PyObject_ob_type), kBias + type);
    memory.put<Address>(field(Fact::PyTypeObject_tp_name), kBias + name);
  }
};

}  // namespace

TEST_CASE("the version of a nameless interpreter is its sys.version") {
  Program program;
  CHECK(!version_in_variables(program.interpreter, program.memory));
  program.put(0x2100, "3.11 (an example) [not one]");
  program.put(0x3100, "3.12.7rc2 (main, Oct  1 2024, 11:11:53) [GCC 14.2.0]");
  const auto version = version_in_variables(program.interpreter, program.memory);
  REQUIRE(version);
  CHECK(version->text() == "3.12.7rc2");
}

TEST_CASE("static types of a nameless interpreter are known by what they are") {
  const Layout layout = load_layout("3.11");
  Program program;
  program.put(0x5000, "type");
  program.put(0x5010, "dict");
  program.put(0x5020, "decimal.Decimal");
  program.put(0x5030, "no \x01 name");
  program.put_type(layout, 0x2400, 0x2400, 0x5000);
  program.put_type(layout, 0x2800, 0x2400, 0x5010);
  program.put_type(layout, 0x2c00, 0x2400, 0x5020);
  program.put_type(layout, 0x3000, 0x2400, 0x5030);
  program.put_type(layout, 0x3400, 0x2800, 0x5010);  // a dict, no type
  name_static_types(program.interpreter, layout, program.memory);
  CHECK(program.interpreter.symbol("PyType_Type") == kBias + 0x2400);
  CHECK(program.interpreter.symbol("PyDict_Type") == kBias + 0x2800);
  CHECK(program.interpreter.symbol("decimal.Decimal") == kBias + 0x2c00);
  CHECK(program.interpreter.image.symbols.size() == 3);
}

TEST_CASE("a file that names PyType_Type is taken at its word") {
  const Layout layout = load_layout("3.11");
  Program program;
  program.put(0x5000, "type");
  program.put_type(layout, 0x2400, 0x2400, 0x5000);
  program.interpreter.image.symbols["PyType_Type"] = {0x2800, 0};
  name_static_types(program.interpreter, layout, program.memory);
  CHECK(program.interpreter.image.symbols.size() == 1);
}
