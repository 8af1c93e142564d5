// Rows of collections, functools, operator and array (Modules/_collectionsmodule.c,
// Modules/_functoolsmodule.c, Modules/_operator.c, Modules/arraymodule.c).
#include "inspector/python/rows_library.h"

namespace heapglass {

namespace {
constexpr ReferenceKind kOwned = ReferenceKind::owned;
}

std::vector<Row> collection_rows() {
  std::vector<Row> rows = {
      {"collections.OrderedDict",
       Fact::sizeof_PyODictObject,
       Shape::odict,
       {{Fact::PyODictObject_od_inst_dict, ".__dict__"}}},
      {"collections.defaultdict",
       Fact::sizeof_defdictobject,
       Shape::fixed,
       {{Fact::defdictobject_default_factory, ".default_factory"}}},
      {"collections.deque", Fact::sizeof_dequeobject, Shape::deque, {}},
      {"functools.partial",
       Fact::sizeof_partialobject,
       Shape::fixed,
       {{Fact::partialobject_fn, ".func"},
        {Fact::partialobject_args, ".args"},
        {Fact::partialobject_kw, ".keywords"},
        {Fact::partialobject_dict, ".__dict__"}}},
      {"functools.KeyWrapper",
       Fact::sizeof_keyobject,
       Shape::fixed,
       {{Fact::keyobject_cmp, "<cmp>"}, {Fact::keyobject_object, ".obj"}}},
      {"functools._lru_cache_wrapper",
       Fact::sizeof_lru_cache_object,
       Shape::lru_cache,
       {{Fact::lru_cache_object_cache, "<cache>"},
        {Fact::lru_cache_object_func, ".__wrapped__"},
        {Fact::lru_cache_object_maxsize_O, "<maxsize>"},
        {Fact::lru_cache_object_kwd_mark, "<kwd_mark>"},
        {Fact::lru_cache_object_lru_list_elem_type, "<element type>"},
        {Fact::lru_cache_object_cache_info_type, "<cache_info type>"},
        {Fact::lru_cache_object_dict, ".__dict__"}}},
      {"functools._lru_list_elem", Fact::sizeof_lru_list_elem, Shape::lru_element, {}},
      {"operator.itemgetter",
       Fact::sizeof_itemgetterobject,
       Shape::fixed,
       {{Fact::itemgetterobject_item, "<item>"}}},
      {"operator.attrgetter",
       Fact::sizeof_attrgetterobject,
       Shape::fixed,
       {{Fact::attrgetterobject_attr, "<attr>"}}},
      {"operator.methodcaller",
       Fact::sizeof_methodcallerobject,
       Shape::fixed,
       {{Fact::methodcallerobject_name, "<name>", kOwned, true},
        {Fact::methodcallerobject_args, "<args>"},
        {Fact::methodcallerobject_xargs, "<args>"},
        {Fact::methodcallerobject_vectorcall_args, "<args>"},
        {Fact::methodcallerobject_vectorcall_kwnames, "<names of kwargs>"},
        {Fact::methodcallerobject_kwds, "<kwargs>"}}},
      {"array.array", Fact::sizeof_arrayobject, Shape::array, {}},
  };
  // The module was named otherwise before 3.12, and the element's type not at all before 3.10.
  for (const std::string_view type :
       {"collections._deque_iterator", "collections._deque_reverse_iterator",
        "_collections._deque_iterator", "_collections._deque_reverse_iterator"}) {
    rows.push_back({type,
                    Fact::sizeof_dequeiterobject,
                    Shape::fixed,
                    {{Fact::dequeiterobject_deque, "<deque>"}}});
  }
  for (const std::string_view type : {"collections._tuplegetter", "_collections._tuplegetter"}) {
    rows.push_back({type,
                    Fact::sizeof__tuplegetterobject,
                    Shape::fixed,
                    {{Fact::_tuplegetterobject_doc, ".__doc__"}}});
  }
  rows.push_back({"functools.lru_list_elem", Fact::sizeof_lru_list_elem, Shape::lru_element, {}});
  return rows;
}

}  // namespace heapglass
