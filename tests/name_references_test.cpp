// inspector/python/name_references.h: which dicts are namespaces, what their values are called, and
// what the slots of frames are.
#include "inspector/python/name_references.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "inspector/graph/labels.h"
#include "inspector/walk.h"
#include "tests/support/fake_view.h"

using namespace heapglass;

namespace {

using Edges = std::vector<std::pair<std::string, Address>>;

// The graph of what the objects lead to, with its references named.
struct Named {
  FakeView view;
  HeapGraph graph;

  Named(const FakeHeap& heap, Address list, bool contents = false) : view(heap) {
    graph = walk(heap.runtime({list}), {}, {}, view.decoders, Run{});
    name_references(graph, view.decoders, contents);
    CHECK(view.faults() == 0);
  }

  // Labels of what the object refers to, keys of dicts and its class left out.
  Edges edges(Address object) const {
    const auto at = std::find(graph.address.begin(), graph.address.end(), object);
    REQUIRE(at != graph.address.end());
    const auto i = static_cast<std::size_t>(at - graph.address.begin());
    Edges result;
    for (std::uint64_t r = graph.reference_begin[i]; r < graph.reference_begin[i + 1]; ++r) {
      std::string label;
      append_label(label, graph, static_cast<ObjectId>(i), r);
      if (label == "<key>" || label == ".__class__") continue;
      result.emplace_back(label, graph.address[index(graph.reference_to[r])]);
    }
    return result;
  }
};

Address module(FakeHeap& heap, Address name, Address dict) {
  if (!heap.has_type("module")) {
    heap.static_type("module", heap.type("object"), heap.layout[Fact::sizeof_PyModuleObject], 0,
                     kFlagHaveGc);
  }
  const Address module = heap.object(heap.type("module"));
  heap.set(module, Fact::PyModuleObject_md_dict, dict);
  heap.set(module, Fact::PyModuleObject_md_name, name);
  return module;
}

// A suspended generator with these locals and stack, and the names of its code.
Address generator(FakeHeap& heap, const std::vector<Address>& names,
                  const std::vector<Address>& slots) {
  const Layout& layout = heap.layout;
  const auto frame_head = layout[Fact::_PyInterpreterFrame_localsplus];
  const Address object = heap.type("object");
  heap.static_type("code", object, layout[Fact::PyCodeObject_co_code_adaptive]);
  heap.static_type("generator", object, layout[Fact::PyGenObject_gi_iframe] + frame_head, 8,
                   kFlagHaveGc);
  const Address code = heap.object(heap.type("code"), heap.offset(Fact::sizeof_PyCodeObject) + 8);
  heap.set(code, Fact::PyCodeObject_co_localsplusnames, heap.tuple(names));
  heap.set(code, Fact::PyCodeObject_co_nlocalsplus, static_cast<std::int32_t>(names.size()));
  heap.set(code, Fact::PyCodeObject_co_stacksize,
           static_cast<std::int32_t>(slots.size() - names.size()));
  const Address frame_offset = heap.offset(Fact::PyGenObject_gi_iframe);
  const Address generator = heap.object(
      heap.type("generator"), frame_offset + static_cast<Address>(frame_head) + slots.size() * 8);
  const Address frame = generator + frame_offset;
  heap.set(frame, Fact::_PyInterpreterFrame_f_executable, code);
  heap.set(frame, Fact::_PyInterpreterFrame_stacktop, static_cast<std::int32_t>(slots.size()));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    heap.put(frame + static_cast<Address>(frame_head) + i * 8, slots[i]);
  }
  return generator;
}

}  // namespace

TEST_CASE("the values of an instance's and of a class's dict are attributes, those of others not") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Open", .managed = true});
    const Address one = heap.integer(1), x = heap.str("x"), odd = heap.str("no name");
    const Address dict = heap.dict({{x, one}, {odd, one}});
    const Address plain = heap.dict({{x, one}});
    const Address instance = heap.instance_with_dict(type, dict);
    const Named named(heap, heap.collector_list({instance, plain, type}));
    CHECK(named.edges(dict) == Edges{{".x", one}, {"['no name']", one}});
    CHECK(named.edges(plain) == Edges{{"[<str>]", one}});
    const Address class_dict = heap.pointer(type, Fact::PyTypeObject_tp_dict);
    REQUIRE(named.edges(class_dict).size() == 1);
    CHECK(named.edges(class_dict)[0].first == ".__module__");
  });
}

TEST_CASE("a function's globals are names, and its defaults and annotations are by name") {
  on_each_build([](FakeHeap& heap) {
    const Address function = heap.object(heap.type("function"));
    const Address one = heap.integer(1), x = heap.str("x");
    const Address globals = heap.dict({{x, one}}), defaults = heap.dict({{x, one}});
    const Address annotations = heap.dict({{x, one}}),
                  closure = heap.tuple({heap.dict({{x, one}})});
    heap.set(function, Fact::PyFunctionObject_func_globals, globals);
    heap.set(function, Fact::PyFunctionObject_func_kwdefaults, defaults);
    heap.set(function, Fact::PyFunctionObject_func_annotations, annotations);
    heap.set(function, Fact::PyFunctionObject_func_closure, closure);
    const Named named(heap, heap.collector_list({function}));
    CHECK(named.edges(globals) == Edges{{".x", one}});
    CHECK(named.edges(defaults) == Edges{{"['x']", one}});
    CHECK(named.edges(annotations) == Edges{{"['x']", one}});
    CHECK(named.edges(named.edges(closure)[0].second) == Edges{{"[<str>]", one}});
  });
}

TEST_CASE("sys.modules is by name, a module's other dicts are not") {
  on_each_build([](FakeHeap& heap) {
    const Address one = heap.integer(1), os = heap.str("os.path");
    const Address key = heap.str("modules");
    const Address modules = heap.dict({{os, one}}), others = heap.dict({{os, one}});
    const Address sys = module(heap, heap.str("sys"), heap.dict({{key, modules}}));
    const Address app_dict = heap.dict({{key, others}});
    const Address app = module(heap, heap.str("app"), app_dict);
    const Named named(heap, heap.collector_list({app, sys}));
    CHECK(named.edges(modules) == Edges{{"['os.path']", one}});
    CHECK(named.edges(others) == Edges{{"[<str>]", one}});
    CHECK(named.edges(app_dict) == Edges{{".modules", others}});
  });
}

TEST_CASE("annotations in a namespace are by name") {
  on_each_build([](FakeHeap& heap) {
    const Address one = heap.integer(1);
    const Address annotations = heap.dict({{heap.str("x"), one}});
    const Address dict = heap.dict({{heap.str("__annotations__"), annotations}});
    const Address app = module(heap, heap.str("app"), dict);
    const Named named(heap, heap.collector_list({app}));
    CHECK(named.edges(annotations) == Edges{{"['x']", one}});
  });
}

TEST_CASE("a subclass of dict is no namespace, whoever refers to it") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Open", .managed = true});
    const Address subclass =
        heap.heap_type({.name = "dict", .base = heap.type("dict"), .module = "builtins"});
    const Address one = heap.integer(1);
    const Address dict = heap.dict({{heap.str("x"), one}});
    heap.set(dict, Fact::PyObject_ob_type, subclass);
    const Named named(heap, heap.collector_list({heap.instance_with_dict(type, dict)}));
    CHECK(named.edges(dict) == Edges{{"[<str>]", one}});
  });
}

TEST_CASE("a slot that is called like a frame's field does not show the keys of its dict") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Record", .slots = {"f_locals"}});
    const Address one = heap.integer(1);
    const Address dict = heap.dict({{heap.str("x"), one}});
    const Address record = heap.object(type);
    heap.put(record + 16, dict);
    const Named named(heap, heap.collector_list({record}));
    CHECK(named.edges(record) == Edges{{".f_locals", dict}});
    CHECK(named.edges(dict) == Edges{{"[<str>]", one}});
  });
}

TEST_CASE("keys of a namespace that are no str, or that cannot be read, are told by their type") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Open", .managed = true});
    const Address one = heap.integer(1), torn = heap.str("torn");
    const Address dict = heap.dict({{one, one}, {torn, one}}, KeyTable::general);
    heap.set(torn, Fact::PyASCIIObject_length, std::int64_t{1} << 60);
    const Address instance = heap.instance_with_dict(type, dict);
    const Address list = heap.collector_list({instance});
    FakeView looked(heap);
    HeapGraph graph = walk(heap.runtime({list}), {}, {}, looked.decoders, Run{});
    const std::uint64_t faults = looked.faults();
    name_references(graph, looked.decoders, true);
    CHECK(looked.faults() == faults);  // what is wrong was counted before
    const auto values = std::count_if(graph.edge.begin(), graph.edge.end(), [](std::uint32_t edge) {
      return edge_label(edge) == LabelKind::value;
    });
    CHECK(values == 2);
  });
}

TEST_CASE("values of shared keys have the class's names for them in an instance's dict alone") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Open", .managed = true});
    const Address keys = heap.dict_keys({{heap.str("x"), 0}, {heap.str("y"), 0}}, KeyTable::split);
    const Address one = heap.integer(1), two = heap.integer(2);
    const Address dict = heap.split_dict(keys, {one, two});
    const Address copy = heap.split_dict(keys, {0, two});
    const Address instance = heap.instance_with_dict(type, dict);
    const Address list = heap.collector_list({copy, instance});
    const Named named(heap, list);
    CHECK(named.edges(dict) == Edges{{".x", one}, {".y", two}});
    CHECK(named.edges(copy) == Edges{{"[<str>]", two}});
    const Named shown(heap, list, true);
    CHECK(shown.edges(dict) == Edges{{".x", one}, {".y", two}});
    CHECK(shown.edges(copy) == Edges{{"['y']", two}});
  });
}

TEST_CASE("a generator's slots are its locals by name, and then its stack") {
  on_each_build([](FakeHeap& heap) {
    if (!heap.layout.has(Fact::PyGenObject_gi_iframe)) return;  // it has a frame object
    const Address one = heap.integer(1), two = heap.integer(2);
    const Address suspended = generator(heap, {heap.str("item"), heap.str(".0"), heap.str("unset")},
                                        {one, two, 0, two, one});
    const Named named(heap, heap.collector_list({suspended}));
    Edges edges = named.edges(suspended);
    std::erase_if(edges, [](const auto& edge) { return edge.first == ".gi_code"; });
    CHECK(edges ==
          Edges{{"local item", one}, {"local .0", two}, {"<stack 0>", two}, {"<stack 1>", one}});
  });
}

TEST_CASE(
    "the attributes of a thread's own object are names, of a subclass of threading.local too") {
  on_each_build([](FakeHeap& heap) {
    const Fact dicts = heap.layout.has(Fact::localobject_dummies) ? Fact::localobject_dummies
                                                                  : Fact::localobject_localdicts;
    const Address local = heap.static_type("_thread._local", heap.type("object"),
                                           heap.layout[Fact::sizeof_localobject], 0, kFlagHaveGc);
    const Address subclass = heap.heap_type({.name = "Own", .base = local});
    const Address one = heap.integer(1);
    for (const Address type : {local, subclass}) {
      const Address attributes = heap.dict({{heap.str("x"), one}});
      const Address by_thread = heap.dict({{heap.none(), attributes}}, KeyTable::general);
      const Address object = heap.object(type);
      heap.set(object, dicts, by_thread);
      const Named named(heap, heap.collector_list({object}));
      CHECK(named.edges(by_thread) == Edges{{"[<NoneType>]", attributes}});
      CHECK(named.edges(attributes) == Edges{{".x", one}});
    }
  });
}

TEST_CASE("each name is kept once, however many dicts have it") {
  on_each_build([](FakeHeap& heap) {
    const Address type = heap.heap_type({.name = "Open", .managed = true});
    const Address one = heap.integer(1);
    std::vector<Address> instances;
    for (int i = 0; i < 50; ++i) {
      instances.push_back(heap.instance_with_dict(type, heap.dict({{heap.str("same"), one}})));
    }
    const Named named(heap, heap.collector_list(instances));
    CHECK(std::count(named.graph.names.begin(), named.graph.names.end(), ".same") == 1);
  });
}
