// inspector/python/type_table.h: types resolved, and what only looks like one refused.
#include "inspector/python/type_table.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

std::vector<std::string> labels(const FakeView& view, const TypeInfo& type) {
  std::vector<std::string> result;
  for (const Field& field : type.fields) {
    result.push_back(const_cast<FakeView&>(view).types.names()[field.name]);
  }
  return result;
}

}  // namespace

TEST_CASE("a static type's name and module are its tp_name's") {
  on_each_build([](FakeHeap& heap) {
    FakeView view(heap);
    const TypeInfo* tuple = view.types.resolve(heap.type("tuple"));
    REQUIRE(tuple);
    CHECK(tuple->name == "tuple");
    CHECK(tuple->module == "builtins");
    CHECK_FALSE(tuple->heap);
    CHECK(tuple->shape == Shape::tuple);
    CHECK_FALSE(tuple->type_reference);
    const TypeInfo* deque = view.types.resolve(heap.type("collections.deque"));
    CHECK(deque->name == "collections.deque");
    CHECK(deque->module == "collections");
  });
}

TEST_CASE("a heap type's name is its __module__ and ht_qualname") {
  on_each_build([](FakeHeap& heap) {
    const Address session = heap.heap_type({.name = "Shop.Session", .module = "app.models"});
    const Address builtin = heap.heap_type({.name = "Plain", .module = "builtins"});
    FakeView view(heap);
    CHECK(view.types.resolve(session)->name == "app.models.Shop.Session");
    CHECK(view.types.resolve(session)->module == "app.models");
    CHECK(view.types.resolve(builtin)->name == "Plain");
  });
}

TEST_CASE("a type is resolved once, and after its bases") {
  on_each_build([](FakeHeap& heap) {
    const Address base = heap.heap_type({.name = "Base", .slots = {"a"}});
    const Address derived = heap.heap_type({.name = "Derived", .base = base, .slots = {"b", "c"}});
    FakeView view(heap);
    const TypeInfo* type = view.types.resolve(derived);
    REQUIRE(type);
    CHECK(view.types.resolve(derived) == type);
    CHECK(type->base == view.types.resolve(base));
    CHECK(type->base->base == view.types.resolve(heap.type("object")));
    CHECK(type->id > type->base->id);
    CHECK(labels(view, *type) == std::vector<std::string>{".a", ".b", ".c"});
    CHECK(view.types.types().size() == 3);
  });
}

TEST_CASE("an instance holds its class, shown to the collector unless a C base does not show it") {
  on_each_build([](FakeHeap& heap) {
    const Address python = heap.heap_type({.name = "P"});
    const Address c_made = heap.heap_type({.name = "C", .made_in_c = true});
    const Address of_c = heap.heap_type({.name = "D", .base = c_made});
    const Address plain = heap.heap_type({.name = "E", .collectable = false});
    FakeView view(heap);
    const auto held = [&](Address type) { return view.types.resolve(type)->type_reference; };
    CHECK(held(python) == ReferenceKind::collector);
    CHECK(held(c_made) == ReferenceKind::collector);
    CHECK(held(of_c) == ReferenceKind::collector);
    CHECK(held(plain) == ReferenceKind::owned);
    CHECK(held(heap.type("list")) == std::nullopt);
  });
}

TEST_CASE("a C type that no table knows is read conservatively where its body is its own") {
  on_each_build([](FakeHeap& heap) {
    const Address unknown =
        heap.heap_type({.name = "Handle", .made_in_c = true, .basicsize = 64, .module = "_acme"});
    FakeView view(heap);
    const TypeInfo* type = view.types.resolve(unknown);
    CHECK(type->inferred);
    CHECK(type->inferred_begin == 16);
    CHECK(type->inferred_end == 64);
  });
}

TEST_CASE("a type that has only the name of a known one is not bound to its row") {
  on_each_build([](FakeHeap& heap) {
    const Address impostor = heap.static_type("impostor.deque", heap.type("object"), 216);
    const Address other_size =
        heap.static_type("collections.defaultdict", heap.type("dict"), 4096, 0, kFlagHaveGc);
    FakeView view(heap);
    CHECK(view.types.resolve(impostor)->shape == Shape::fixed);
    CHECK(view.types.resolve(impostor)->inferred);
    CHECK(view.types.resolve(other_size)->inferred);
    CHECK(view.types.resolve(other_size)->fields.empty());
  });
}

TEST_CASE("names of attributes without a dict come from the class, in order") {
  on_each_build([](FakeHeap& heap) {
    if (heap.layout.dialects.managed_dict == ManagedDict::none) return;  // all are in a dict
    const Address point = heap.heap_type({.name = "Point", .attributes = {"x", "no name"}});
    FakeView view(heap);
    const TypeInfo* type = view.types.resolve(point);
    REQUIRE(type->attribute_names.size() == 2);
    CHECK(view.types.names()[type->attribute_names[0]] == ".x");
    CHECK(view.types.names()[type->attribute_names[1]] == "['no name']");
    CHECK(type->values_capacity == 5);
    CHECK(type->pre_header == 16);
  });
}

TEST_CASE("types whose tp_base loops are no types") {
  on_each_build([](FakeHeap& heap) {
    const Address a = heap.heap_type({.name = "A"});
    const Address b = heap.heap_type({.name = "B", .base = a});
    const Address self = heap.heap_type({.name = "S"});
    heap.set(a, Fact::PyTypeObject_tp_base, b);
    heap.set(self, Fact::PyTypeObject_tp_base, self);
    FakeView view(heap);
    for (const Address type : {a, b, self, a}) CHECK(view.types.resolve(type) == nullptr);
    CHECK(view.types.types().empty());
  });
}

TEST_CASE("metatypes are followed to `type`; a chain of them that loops is none") {
  on_each_build([](FakeHeap& heap) {
    const Address meta = heap.heap_type({.name = "Meta", .base = heap.type("type")});
    const Address made = heap.heap_type({.name = "Made", .metatype = meta});
    const Address loop = heap.heap_type({.name = "Loop", .base = heap.type("type")});
    const Address in_loop = heap.heap_type({.name = "InLoop", .metatype = loop});
    heap.set(loop, Fact::PyObject_ob_type, loop);
    FakeView view(heap);
    REQUIRE(view.types.resolve(made));
    CHECK(view.types.resolve(made)->metatype == meta);
    CHECK(view.types.resolve(meta)->is_type);
    CHECK(view.types.resolve(loop) == nullptr);
    CHECK(view.types.resolve(in_loop) == nullptr);
  });
}

TEST_CASE("what is not an instance of a metatype is no type") {
  on_each_build([](FakeHeap& heap) {
    const Address tuple = heap.tuple(std::vector<Address>(100, heap.none()));
    const Address of_object = heap.heap_type({.name = "X"});
    heap.set(of_object, Fact::PyObject_ob_type, heap.type("object"));
    FakeView view(heap);
    for (const Address address :
         {Address{0}, Address{8}, tuple, of_object, heap.none(), heap.type("tuple") + 8,
          heap.type("tuple") + 1, ~Address{0}, FakeHeap::kSubtypeTraverse}) {
      CAPTURE(address);
      CHECK(view.types.resolve(address) == nullptr);
      CHECK(view.types.resolve(address) == nullptr);
    }
  });
}

TEST_CASE("sizes that no type has make it none") {
  on_each_build([](FakeHeap& heap) {
    const auto taken = [&](Fact field, std::int64_t value) {
      const Address type = heap.heap_type({.name = "T"});
      heap.set(type, field, value);
      FakeView view(heap);
      return view.types.resolve(type) != nullptr;
    };
    CHECK(taken(Fact::PyTypeObject_tp_basicsize, 16));
    CHECK_FALSE(taken(Fact::PyTypeObject_tp_basicsize, 0));
    CHECK_FALSE(taken(Fact::PyTypeObject_tp_basicsize, -8));
    CHECK_FALSE(taken(Fact::PyTypeObject_tp_basicsize, std::int64_t{1} << 60));
    CHECK_FALSE(taken(Fact::PyTypeObject_tp_itemsize, -1));
    CHECK_FALSE(taken(Fact::PyTypeObject_tp_itemsize, std::int64_t{1} << 60));
  });
}

TEST_CASE("a type too small for what it claims to be is none, or not that") {
  on_each_build([](FakeHeap& heap) {
    const Address list = heap.type("list");
    const Address smaller = heap.static_type("smaller", list, 24);
    const Address derived = heap.static_type("derived", smaller, 4096);
    const Address items = heap.static_type("items", heap.type("object"), 16);
    heap.set(items, Fact::PyTypeObject_tp_itemsize, std::int64_t{8});
    const Address metatype = heap.static_type("metatype", heap.type("object"), 16);
    heap.set(metatype, Fact::PyTypeObject_tp_flags, TypeTable::kTypeSubclass);
    FakeView view(heap);
    CHECK(view.types.resolve(smaller) == nullptr);
    CHECK(view.types.resolve(derived) == nullptr);
    CHECK(view.types.resolve(items) == nullptr);
    REQUIRE(view.types.resolve(metatype) != nullptr);
    CHECK_FALSE(view.types.resolve(metatype)->is_type);
  });
}

TEST_CASE("a chain of bases may be longer than any program's") {
  FakeHeap heap("3.12");
  std::vector<Address> chain{heap.type("object")};
  for (int i = 0; i < 5000; ++i) {
    chain.push_back(heap.static_type("t" + std::to_string(i), chain.back(), 16));
  }
  FakeView view(heap);
  CHECK(view.types.resolve(chain[5000]) != nullptr);
  CHECK(view.types.resolve(chain[4000]) != nullptr);
}

TEST_CASE("a name of a million bytes is cut") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = std::string(1'000'000, 'n')});
    const Address slotted = heap.heap_type({.name = "S", .slots = {std::string(1'000'000, 's')}});
    const Address fixed = heap.static_type(std::string(1'000'000, 'f'), heap.type("object"), 16);
    FakeView view(heap);
    CHECK(view.types.resolve(type)->name == "app." + std::string(1000, 'n') + "\u2026");
    CHECK(labels(view, *view.types.resolve(slotted))[0].size() <= 1001);
    CHECK(view.types.resolve(fixed)->name.size() <= 1000);
  });
}

TEST_CASE("slots outside the body, and more of them than there can be, are no fields") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "S", .slots = {"a", "b", "c"}});
    const Address members =
        type + heap.memory.get<std::uint64_t>(heap.type("type") +
                                              heap.offset(Fact::PyTypeObject_tp_basicsize));
    const Address stride = heap.offset(Fact::sizeof_PyMemberDef);
    heap.set(members, Fact::PyMemberDef_offset, std::int64_t{1} << 50);
    heap.set(members + stride, Fact::PyMemberDef_offset, std::int64_t{8});  // ob_type
    const Address many = heap.heap_type({.name = "M", .slots = {"a"}});
    heap.set(many, Fact::PyVarObject_ob_size, std::int64_t{1} << 60);
    FakeView view(heap);
    CHECK(labels(view, *view.types.resolve(type)) == std::vector<std::string>{".c"});
    CHECK(view.types.resolve(many)->fields.empty());
  });
}

TEST_CASE("a class whose __sizeof__ is Python code is known for it, and so are its subclasses") {
  on_each_build([](FakeHeap& heap) {
    const Address base = heap.heap_type({.name = "Sized"});
    const Address derived = heap.heap_type({.name = "Derived", .base = base});
    const Address in_c = heap.heap_type({.name = "InC"});
    const Address other = heap.heap_type({.name = "Other"});
    const Address function = heap.object(heap.type("function"));
    const Address method = heap.object(heap.type("method_descriptor"));
    heap.set(base, Fact::PyTypeObject_tp_dict, heap.dict({{heap.str("__sizeof__"), function}}));
    heap.set(in_c, Fact::PyTypeObject_tp_dict, heap.dict({{heap.str("__sizeof__"), method}}));
    FakeView view(heap);
    CHECK(view.types.resolve(base)->own_sizeof);
    CHECK(view.types.resolve(derived)->own_sizeof);
    CHECK_FALSE(view.types.resolve(in_c)->own_sizeof);
    CHECK_FALSE(view.types.resolve(other)->own_sizeof);
  });
}

TEST_CASE("a key is found in a dict by its text, and is 0 where there is none") {
  on_each_build([](FakeHeap& heap) {
    const Address dict = heap.dict({{heap.str("deleted"), 0}, {heap.str("name"), heap.none()}});
    FakeView view(heap);
    CHECK(view.types.dict_lookup(dict, "name") == heap.none());
    CHECK(view.types.dict_lookup(dict, "deleted") == 0);
    CHECK(view.types.dict_lookup(dict, "nam") == 0);
    CHECK(view.types.dict_lookup(0, "name") == 0);
    CHECK(view.types.dict_lookup(0xdeadbeef0, "name") == 0);
  });
}
