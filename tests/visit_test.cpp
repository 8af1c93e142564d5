// inspector/python/visit.h: which references each shape of object shows, of which kind, under which
// name. Damage is in visit_damage_test.cpp, sizes are in size_test.cpp.
#include "inspector/python/visit.h"

#include <doctest/doctest.h>

#include "tests/support/fake_view.h"

using namespace heapglass;

using Expected = std::vector<Shown>;

TEST_CASE("objects without references show none") {
  on_each_build([](FakeHeap& heap) {
    const Address objects[] = {heap.none(),   heap.integer(42), heap.str("text"), heap.tuple({}),
                               heap.list({}), heap.dict({}),    heap.set_of({})};
    FakeView view(heap);
    for (const Address object : objects) CHECK(view.references(object) == Expected{});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("tuples and lists show their items") {
  on_each_build([](FakeHeap& heap) {
    const Address one = heap.integer(1), two = heap.integer(2);
    const Address tuple = heap.tuple({one, two, one});
    const Address list = heap.list({two, one}, 8);  // over-allocated
    FakeView view(heap);
    CHECK(view.references(tuple) == Expected{{one, "[0]"}, {two, "[1]"}, {one, "[2]"}});
    CHECK(view.references(list) == Expected{{two, "[0]"}, {one, "[1]"}});
  });
}

TEST_CASE("an item that is not there yet is no reference") {
  on_each_build([](FakeHeap& heap) {
    const Address tuple = heap.tuple({0, heap.none()});
    FakeView view(heap);
    CHECK(view.references(tuple) == Expected{{heap.none(), "[1]"}});
  });
}

TEST_CASE("a dict of str keys hides its keys from the collector, and owns them") {
  on_each_build([](FakeHeap& heap) {
    const Address a = heap.str("a"), gone = heap.str("gone"), b = heap.str("b");
    const Address one = heap.integer(1);
    const Address dict = heap.dict({{a, one}, {gone, 0}, {b, heap.none()}});
    FakeView view(heap);
    CHECK(view.references(dict) ==
          Expected{{a, "key", kOwned}, {one, "value"}, {b, "key", kOwned}, {heap.none(), "value"}});
  });
}

TEST_CASE("a dict of other keys shows them") {
  on_each_build([](FakeHeap& heap) {
    const Address one = heap.integer(1), text = heap.str("text");
    const Address dict = heap.dict({{one, text}, {text, one}}, KeyTable::general);
    FakeView view(heap);
    CHECK(view.references(dict) ==
          Expected{{one, "key"}, {text, "value"}, {text, "key"}, {one, "value"}});
  });
}

TEST_CASE("a dict that shares its keys shows its own values only; the keys are the class's") {
  on_each_build([](FakeHeap& heap) {
    const Address keys = heap.dict_keys({{heap.str("x"), 0}, {heap.str("y"), 0}}, KeyTable::split);
    const Address one = heap.integer(1);
    const Address dict = heap.split_dict(keys, {one, 0});
    FakeView view(heap);
    CHECK(view.references(dict) == Expected{{one, "[0]"}});
  });
}

TEST_CASE("the keys of a dict are shown where it is looked up by lookdict, str or not") {
  on_each_old_build([](FakeHeap& heap) {
    const Address a = heap.str("a"), one = heap.integer(1);
    const Address looked_up = heap.dict({{a, one}}), other = heap.dict({{a, one}});
    heap.set(heap.pointer(looked_up, Fact::PyDictObject_ma_keys), Fact::PyDictKeysObject_dk_lookup,
             FakeHeap::kLookdict);
    FakeView view(heap);
    CHECK(view.references(looked_up) == Expected{{a, "key"}, {one, "value"}});
    CHECK(view.references(other) == Expected{{a, "key", kOwned}, {one, "value"}});
  });
}

TEST_CASE("a __dict__ behind items of any number is found from their end") {
  on_each_old_build([](FakeHeap& heap) {
    const Address type =
        heap.heap_type({.name = "Row", .base = heap.type("tuple"), .managed = true});
    const Address dict = heap.dict({});
    const Address row = heap.tuple({heap.none(), heap.none(), dict}, type);
    heap.set(row, Fact::PyVarObject_ob_size, std::int64_t{2});  // the third place is the slot
    FakeView view(heap);
    CHECK(view.references(row) == Expected{{heap.none(), "[0]"},
                                           {heap.none(), "[1]"},
                                           {dict, ".__dict__"},
                                           {type, ".__class__"}});
  });
}

TEST_CASE("sets show their members, be the table inside or outside, and not deleted entries") {
  on_each_build([](FakeHeap& heap) {
    const Address one = heap.integer(1), two = heap.integer(2), dummy = heap.none();
    const Address small = heap.set_of({one, two});
    const Address frozen = heap.set_of({two}, heap.type("frozenset"));
    const std::vector<Address> many(20, one);
    const Address large = heap.set_of(many);
    const Address emptied = heap.set_of({dummy, one});
    heap.set(heap.pointer(emptied, Fact::PySetObject_table), Fact::setentry_hash, std::int64_t{-1});
    FakeView view(heap);
    CHECK(view.references(small) == Expected{{one, "<member>"}, {two, "<member>"}});
    CHECK(view.references(frozen) == Expected{{two, "<member>"}});
    CHECK(view.references(large) == Expected(20, {one, "<member>"}));
    CHECK(view.references(emptied) == Expected{{one, "<member>"}});
  });
}

TEST_CASE("a function's fields have the names that a programmer gives them") {
  on_each_build([](FakeHeap& heap) {
    const Address function = heap.object(heap.type("function"));
    const Address globals = heap.dict({}), closure = heap.tuple({}), name = heap.str("f");
    heap.set(function, Fact::PyFunctionObject_func_globals, globals);
    heap.set(function, Fact::PyFunctionObject_func_closure, closure);
    heap.set(function, Fact::PyFunctionObject_func_name, name);
    FakeView view(heap);
    CHECK(view.references(function) ==
          Expected{{globals, ".__globals__"}, {name, ".__name__"}, {closure, ".__closure__"}});
  });
}

TEST_CASE("what is not collectable owns its fields and shows none") {
  on_each_build([](FakeHeap& heap) {
    const Address range = heap.object(heap.type("range"));
    const Address start = heap.integer(1000), stop = heap.integer(2000);
    heap.set(range, Fact::rangeobject_start, start);
    heap.set(range, Fact::rangeobject_stop, stop);
    FakeView view(heap);
    CHECK(view.references(range) == Expected{{start, ".start", kOwned}, {stop, ".stop", kOwned}});
  });
}

TEST_CASE("an instance with slots shows them by name, and its class") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Slotted", .slots = {"left", "right"}});
    const Address object = heap.object(type);
    heap.put(object + 24, heap.none());
    FakeView view(heap);
    CHECK(view.references(object) == Expected{{heap.none(), ".right"}, {type, ".__class__"}});
  });
}

TEST_CASE("attributes without a dict are shown under the class's names for them") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Point", .attributes = {"x", "y", "z"}});
    const Address one = heap.integer(1), two = heap.integer(2);
    const Address object = heap.instance(type, {one, 0, two});
    FakeView view(heap);
    if (heap.layout.dialects.managed_dict == ManagedDict::none) {
      // Up to 3.10 there is a dict always; it shares the class's keys.
      const auto shown = view.references(object);
      REQUIRE(shown.size() == 2);
      CHECK(shown[0].label == ".__dict__");
      CHECK(shown[1] == Shown{type, ".__class__"});
      CHECK(view.references(shown[0].to) == Expected{{one, "[0]"}, {two, "[2]"}});
      return;
    }
    CHECK(view.references(object) == Expected{{one, ".x"}, {two, ".z"}, {type, ".__class__"}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("attributes in a dict of their own are shown as it") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Open", .managed = true});
    const Address dict = heap.dict({});
    const Address object = heap.instance_with_dict(type, dict);
    FakeView view(heap);
    CHECK(view.references(object) == Expected{{dict, ".__dict__"}, {type, ".__class__"}});
  });
}

TEST_CASE("a subclass of tuple shows its items and its class") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Row", .base = heap.type("tuple")});
    const Address row = heap.tuple({heap.none()}, type);
    FakeView view(heap);
    CHECK(view.references(row) == Expected{{heap.none(), "[0]"}, {type, ".__class__"}});
  });
}

TEST_CASE("a class over a heap type of C shows its type up to 3.8, later leaves that to the base") {
  on_each_build([](FakeHeap& heap) {
    const Address hides = heap.heap_type({.name = "SSLError", .made_in_c = true, .module = "ssl"});
    const Address derived = heap.heap_type({.name = "Own", .base = hides});
    const Address object = heap.object(derived);
    FakeView view(heap);
    const bool always = heap.layout.dialects.subtype_traverse == SubtypeTraverse::shows_type;
    REQUIRE(heap.layout.hides_type("ssl.SSLError"));
    CHECK(view.references(object) ==
          Expected{{derived, ".__class__", always ? kCollector : kOwned}});
  });
}

TEST_CASE("a heap type shows what type_traverse does, and owns its names and its keys") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Point", .attributes = {"x"}});
    const Address keys = heap.pointer(type, Fact::PyHeapTypeObject_ht_cached_keys);
    const Address entry = keys + heap.offset(Fact::PyDictKeysObject_dk_indices) + 8;
    const Address x = heap.pointer(
        entry, heap.plain_keys() ? Fact::PyDictKeyEntry_me_key : Fact::PyDictUnicodeEntry_me_key);
    FakeView view(heap);
    const auto at = [&](Fact field) { return heap.pointer(type, field); };
    CHECK(view.references(type) ==
          Expected{{at(Fact::PyTypeObject_tp_dict), ".__dict__"},
                   {at(Fact::PyTypeObject_tp_mro), ".__mro__"},
                   {at(Fact::PyTypeObject_tp_bases), ".__bases__"},
                   {heap.type("object"), ".__base__"},
                   {at(Fact::PyHeapTypeObject_ht_name), ".__name__", kOwned},
                   {at(Fact::PyHeapTypeObject_ht_qualname), ".__qualname__", kOwned},
                   {x, "<shared key>", kOwned}});
  });
}

TEST_CASE("a static type shows the collector nothing, and owns its dict wherever it stands") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.type("list"), dict = heap.dict({});
    const Address mro = heap.tuple({type, heap.type("object")});
    heap.set(type, Fact::PyTypeObject_tp_mro, mro);
    if (heap.layout.dialects.static_types == StaticTypes::own) {
      heap.set(type, Fact::PyTypeObject_tp_dict, dict);
      FakeView view(heap);
      CHECK(view.references(type) ==
            Expected{{mro, ".__mro__", kOwned}, {dict, ".__dict__", kOwned}});
      return;
    }
    // Entry 3 of the interpreter's table; tp_subclasses says 4.
    const Address size = heap.offset(Fact::sizeof_managed_static_type_state);
    const Address table = heap.allocate(8 * size), state = table + 3 * size;
    heap.set(type, Fact::PyTypeObject_tp_flags, kFlagHaveGc | std::uint64_t{1} << 1);
    heap.set(type, Fact::PyTypeObject_tp_subclasses, std::uint64_t{4});
    heap.set(state, Fact::managed_static_type_state_type, type);
    heap.set(state, Fact::managed_static_type_state_tp_dict, dict);
    FakeView view(heap);
    view.decoders.static_type_states = {{table, table + 8 * size}};
    CHECK(view.references(type) ==
          Expected{{mro, ".__mro__", kOwned}, {dict, ".__dict__", kOwned}});
  });
}

TEST_CASE("3.13: a static type of an extension has its own table of them") {
  FakeHeap heap("3.13");
  const Address size = heap.offset(Fact::sizeof_managed_static_type_state);
  const Address type = heap.type("list"), other = heap.type("set");
  const Address builtins = heap.allocate(size), extensions = heap.allocate(size);
  const Address dict = heap.dict({}), other_dict = heap.dict({});
  // Both are the first of their table.
  for (const auto& [who, state, own] :
       {std::tuple{type, builtins, dict}, std::tuple{other, extensions, other_dict}}) {
    heap.set(who, Fact::PyTypeObject_tp_flags, kFlagHaveGc | std::uint64_t{1} << 1);
    heap.set(who, Fact::PyTypeObject_tp_subclasses, std::uint64_t{1});
    heap.set(state, Fact::managed_static_type_state_type, who);
    heap.set(state, Fact::managed_static_type_state_tp_dict, own);
  }
  FakeView view(heap);
  view.decoders.static_type_states = {{builtins, builtins + size}, {extensions, extensions + size}};
  CHECK(view.references(type) == Expected{{dict, ".__dict__", kOwned}});
  CHECK(view.references(other) == Expected{{other_dict, ".__dict__", kOwned}});
}

TEST_CASE("a deque shows its items over its blocks, from the left") {
  on_each_build([](FakeHeap& heap) {
    std::vector<Address> items;
    Expected expected;
    for (std::size_t i = 0; i < 150; ++i) {
      items.push_back(heap.integer(static_cast<std::int64_t>(i)));
      expected.push_back({items.back(), "[" + std::to_string(i) + "]"});
    }
    const Address deque = heap.deque(items, 60);  // 4 in the first block, 64, 64, 18
    FakeView view(heap);
    CHECK(view.references(deque) == expected);
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("an OrderedDict shows each key once more than a dict does") {
  on_each_build([](FakeHeap& heap) {
    const Address a = heap.str("a"), b = heap.str("b"), one = heap.integer(1);
    const Address ordered = heap.ordered_dict({{a, one}, {b, one}});
    FakeView view(heap);
    CHECK(view.references(ordered) == Expected{{a, "key", kOwned},
                                               {one, "value"},
                                               {b, "key", kOwned},
                                               {one, "value"},
                                               {a, "key"},
                                               {b, "key"}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("of a body that no table knows, words that point to objects are taken for references") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Handle", .made_in_c = true, .basicsize = 72});
    const Address text = heap.str("held"), freed = heap.tuple({});
    heap.set(freed, Fact::PyObject_ob_refcnt, std::int64_t{0});
    const Address object = heap.object(type);
    heap.put(object + 16, text);
    heap.put(object + 24, text + 8);         // inside an object
    heap.put(object + 32, freed);            // in a free list
    heap.put(object + 40, Address{0x1234});  // a number
    heap.put(object + 48, heap.c_string("hello, bytes"));
    heap.put(object + 56, heap.none());
    heap.put(object + 64, ~Address{0});
    FakeView view(heap);
    CHECK(view.references(object) == Expected{{text, "+16", kInferred},
                                              {heap.none(), "+56", kInferred},
                                              {type, ".__class__"}});
    CHECK(view.faults() == 0);
  });
}

TEST_CASE("items of an unknown type are read conservatively too") {
  on_each_build([](FakeHeap& heap) {
    const Address type =
        heap.heap_type({.name = "Vector", .made_in_c = true, .basicsize = 24, .itemsize = 8});
    const Address object = heap.object(type, 24 + 3 * 8);
    heap.set(object, Fact::PyVarObject_ob_size, std::int64_t{-3});  // sign may mean anything
    heap.put(object + 24 + 8, heap.none());
    FakeView view(heap);
    CHECK(view.references(object) ==
          Expected{{heap.none(), "+32", kInferred}, {type, ".__class__"}});
  });
}
