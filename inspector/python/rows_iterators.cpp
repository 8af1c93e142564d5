// Rows of views and iterators, and of itertools (Modules/itertoolsmodule.c).
#include <utility>

#include "inspector/python/rows_library.h"

namespace heapglass {

namespace {

constexpr ReferenceKind kOwned = ReferenceKind::owned;

void add_builtins(std::vector<Row>& rows) {
  // Objects/dictobject.c, Objects/odictobject.c
  for (const std::string_view type : {"dict_keys", "dict_values", "dict_items"}) {
    rows.push_back({type,
                    Fact::sizeof__PyDictViewObject,
                    Shape::fixed,
                    {{Fact::_PyDictViewObject_dv_dict, "<dict>"}}});
  }
  for (const std::string_view type :
       {"dict_keyiterator", "dict_valueiterator", "dict_itemiterator", "dict_reversekeyiterator",
        "dict_reversevalueiterator", "dict_reverseitemiterator"}) {
    rows.push_back(
        {type,
         Fact::sizeof_dictiterobject,
         Shape::fixed,
         {{Fact::dictiterobject_di_dict, "<dict>"}, {Fact::dictiterobject_di_result, "<result>"}}});
  }
  rows.push_back({"odict_iterator",
                  Fact::sizeof_odictiterobject,
                  Shape::fixed,
                  {{Fact::odictiterobject_di_odict, "<dict>"},
                   {Fact::odictiterobject_di_current, "<current key>"},
                   {Fact::odictiterobject_di_result, "<result>"}}});
  // Iterators over one thing, which they let go at its end.
  struct Over {
    std::string_view type;
    Fact size, thing;
  };
  for (const Over& over : {
           Over{"list_iterator", Fact::sizeof__PyListIterObject, Fact::_PyListIterObject_it_seq},
           Over{"list_reverseiterator", Fact::sizeof_listreviterobject,
                Fact::listreviterobject_it_seq},
           Over{"tuple_iterator", Fact::sizeof__PyTupleIterObject, Fact::_PyTupleIterObject_it_seq},
           Over{"set_iterator", Fact::sizeof_setiterobject, Fact::setiterobject_si_set},
           Over{"str_iterator", Fact::sizeof_unicodeiterobject, Fact::unicodeiterobject_it_seq},
           Over{"str_ascii_iterator", Fact::sizeof_unicodeiterobject,
                Fact::unicodeiterobject_it_seq},
           Over{"bytes_iterator", Fact::sizeof_striterobject, Fact::striterobject_it_seq},
           Over{"bytearray_iterator", Fact::sizeof_bytesiterobject, Fact::bytesiterobject_it_seq},
           Over{"iterator", Fact::sizeof_seqiterobject, Fact::seqiterobject_it_seq},
           Over{"reversed", Fact::sizeof_reversedobject, Fact::reversedobject_seq},
           Over{"memory_iterator", Fact::sizeof_memoryiterobject, Fact::memoryiterobject_it_seq},
           Over{"generic_alias_iterator", Fact::sizeof_gaiterobject, Fact::gaiterobject_obj},
           // Objects/codeobject.c and Objects/stringlib/unicode_format.h: not collectable.
           Over{"line_iterator", Fact::sizeof_lineiterator, Fact::lineiterator_li_code},
           Over{"positions_iterator", Fact::sizeof_positionsiterator,
                Fact::positionsiterator_pi_code},
           Over{"fieldnameiterator", Fact::sizeof_fieldnameiterobject,
                Fact::fieldnameiterobject_str},
           Over{"formatteriterator", Fact::sizeof_formatteriterobject,
                Fact::formatteriterobject_str},
           // Python/hamt.c, where the three types have these names.
           Over{"keys", Fact::sizeof_PyHamtIterator, Fact::PyHamtIterator_hi_obj},
           Over{"values", Fact::sizeof_PyHamtIterator, Fact::PyHamtIterator_hi_obj},
           Over{"items", Fact::sizeof_PyHamtIterator, Fact::PyHamtIterator_hi_obj},
           Over{"array.arrayiterator", Fact::sizeof_arrayiterobject, Fact::arrayiterobject_ao},
           Over{"arrayiterator", Fact::sizeof_arrayiterobject, Fact::arrayiterobject_ao},
       }) {
    rows.push_back({over.type, over.size, Shape::fixed, {{over.thing, "<iterable>"}}});
  }
  rows.push_back({"callable_iterator",
                  Fact::sizeof_calliterobject,
                  Shape::fixed,
                  {{Fact::calliterobject_it_callable, "<callable>"},
                   {Fact::calliterobject_it_sentinel, "<sentinel>"}}});
  // Objects/rangeobject.c: numbers of C, or of Python and then not collectable.
  rows.push_back({"range_iterator", kAnySize});
  rows.push_back({"longrange_iterator",
                  Fact::sizeof_longrangeiterobject,
                  Shape::fixed,
                  {{Fact::longrangeiterobject_index, "<index>", kOwned},
                   {Fact::longrangeiterobject_start, "<start>", kOwned},
                   {Fact::longrangeiterobject_step, "<step>", kOwned},
                   {Fact::longrangeiterobject_len, "<length>", kOwned}}});
  // Objects/enumobject.c, Python/bltinmodule.c
  rows.push_back({"enumerate",
                  Fact::sizeof_enumobject,
                  Shape::fixed,
                  {{Fact::enumobject_en_sit, "<iterator>"},
                   {Fact::enumobject_en_result, "<result>"},
                   {Fact::enumobject_en_longindex, "<index>"}}});
  rows.push_back(
      {"filter",
       Fact::sizeof_filterobject,
       Shape::fixed,
       {{Fact::filterobject_it, "<iterator>"}, {Fact::filterobject_func, "<function>"}}});
  rows.push_back({"map",
                  Fact::sizeof_mapobject,
                  Shape::fixed,
                  {{Fact::mapobject_iters, "<iterators>"}, {Fact::mapobject_func, "<function>"}}});
  rows.push_back(
      {"zip",
       Fact::sizeof_zipobject,
       Shape::fixed,
       {{Fact::zipobject_ittuple, "<iterators>"}, {Fact::zipobject_result, "<result>"}}});
}

void add_itertools(std::vector<Row>& rows) {
  rows.push_back({"itertools.groupby",
                  Fact::sizeof_groupbyobject,
                  Shape::fixed,
                  {{Fact::groupbyobject_it, "<iterator>"},
                   {Fact::groupbyobject_keyfunc, "<key function>"},
                   {Fact::groupbyobject_tgtkey, "<target key>"},
                   {Fact::groupbyobject_currkey, "<current key>"},
                   {Fact::groupbyobject_currvalue, "<current value>"}}});
  rows.push_back({"itertools._grouper",
                  Fact::sizeof__grouperobject,
                  Shape::fixed,
                  {{Fact::_grouperobject_parent, "<groupby>"},
                   {Fact::_grouperobject_tgtkey, "<target key>"}}});
  rows.push_back(
      {"itertools._tee_dataobject",
       Fact::sizeof_teedataobject,
       Shape::tee_data,
       {{Fact::teedataobject_it, "<iterator>"}, {Fact::teedataobject_nextlink, "<next block>"}}});
  rows.push_back({"itertools._tee",
                  Fact::sizeof_teeobject,
                  Shape::fixed,
                  {{Fact::teeobject_dataobj, "<block>"}}});
  rows.push_back({"itertools.batched",
                  Fact::sizeof_batchedobject,
                  Shape::fixed,
                  {{Fact::batchedobject_it, "<iterator>"}}});
  rows.push_back({"itertools.pairwise",
                  Fact::sizeof_pairwiseobject,
                  Shape::fixed,
                  {{Fact::pairwiseobject_it, "<iterator>"},
                   {Fact::pairwiseobject_old, "<last item>"},
                   {Fact::pairwiseobject_result, "<result>"}}});
  rows.push_back({"itertools.cycle",
                  Fact::sizeof_cycleobject,
                  Shape::fixed,
                  {{Fact::cycleobject_it, "<iterator>"}, {Fact::cycleobject_saved, "<saved>"}}});
  rows.push_back({"itertools.islice",
                  Fact::sizeof_isliceobject,
                  Shape::fixed,
                  {{Fact::isliceobject_it, "<iterator>"}}});
  struct Filtering {
    std::string_view type;
    Fact size, iterator, function;
  };
  for (const Filtering& filtering :
       {Filtering{"itertools.dropwhile", Fact::sizeof_dropwhileobject, Fact::dropwhileobject_it,
                  Fact::dropwhileobject_func},
        Filtering{"itertools.takewhile", Fact::sizeof_takewhileobject, Fact::takewhileobject_it,
                  Fact::takewhileobject_func},
        Filtering{"itertools.starmap", Fact::sizeof_starmapobject, Fact::starmapobject_it,
                  Fact::starmapobject_func},
        Filtering{"itertools.filterfalse", Fact::sizeof_filterfalseobject,
                  Fact::filterfalseobject_it, Fact::filterfalseobject_func}}) {
    rows.push_back({filtering.type,
                    filtering.size,
                    Shape::fixed,
                    {{filtering.iterator, "<iterator>"}, {filtering.function, "<function>"}}});
  }
  rows.push_back(
      {"itertools.chain",
       Fact::sizeof_chainobject,
       Shape::fixed,
       {{Fact::chainobject_source, "<source>"}, {Fact::chainobject_active, "<active>"}}});
  rows.push_back(
      {"itertools.product",
       Fact::sizeof_productobject,
       Shape::product,
       {{Fact::productobject_pools, "<pools>"}, {Fact::productobject_result, "<result>"}}});
  struct Choosing {
    std::string_view type;
    Fact size, pool, result;
  };
  for (const Choosing& choosing :
       {Choosing{"itertools.combinations", Fact::sizeof_combinationsobject,
                 Fact::combinationsobject_pool, Fact::combinationsobject_result},
        Choosing{"itertools.combinations_with_replacement", Fact::sizeof_cwrobject,
                 Fact::cwrobject_pool, Fact::cwrobject_result},
        Choosing{"itertools.permutations", Fact::sizeof_permutationsobject,
                 Fact::permutationsobject_pool, Fact::permutationsobject_result}}) {
    rows.push_back({choosing.type,
                    choosing.size,
                    Shape::combinations,
                    {{choosing.pool, "<pool>"}, {choosing.result, "<result>"}}});
  }
  rows.push_back({"itertools.accumulate",
                  Fact::sizeof_accumulateobject,
                  Shape::fixed,
                  {{Fact::accumulateobject_binop, "<function>"},
                   {Fact::accumulateobject_it, "<iterator>"},
                   {Fact::accumulateobject_total, "<total>"},
                   {Fact::accumulateobject_initial, "<initial>"}}});
  rows.push_back(
      {"itertools.compress",
       Fact::sizeof_compressobject,
       Shape::fixed,
       {{Fact::compressobject_data, "<data>"}, {Fact::compressobject_selectors, "<selectors>"}}});
  rows.push_back(
      {"itertools.count",
       Fact::sizeof_countobject,
       Shape::fixed,
       {{Fact::countobject_long_cnt, "<count>"}, {Fact::countobject_long_step, "<step>"}}});
  rows.push_back({"itertools.repeat",
                  Fact::sizeof_repeatobject,
                  Shape::fixed,
                  {{Fact::repeatobject_element, "<element>"}}});
  rows.push_back({"itertools.zip_longest",
                  Fact::sizeof_ziplongestobject,
                  Shape::fixed,
                  {{Fact::ziplongestobject_ittuple, "<iterators>"},
                   {Fact::ziplongestobject_result, "<result>"},
                   {Fact::ziplongestobject_fillvalue, "<fillvalue>"}}});
}

}  // namespace

std::vector<Row> iterator_rows() {
  std::vector<Row> rows;
  add_builtins(rows);
  add_itertools(rows);
  return rows;
}

}  // namespace heapglass
