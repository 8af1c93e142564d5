// Rows of extension types that are no part of CPython, where reading them conservatively would miss
// objects or contradict the collector. Their structs do not change with CPython's version, so that
// no layout file has facts about them: each is told in the file of its shape, with the releases
// that have it. Others are read conservatively.
#include "inspector/python/rows_library.h"

namespace heapglass {

std::vector<Row> extension_rows() {
  std::vector<Row> rows;
  // MultiDictObject (multidict.cpp) and PyGreenlet (greenlet.cpp), whose tp_basicsize is this much
  // beyond PyObject.
  constexpr std::int32_t kMultiDict = 976, kGreenlet = 24;
  for (const char* name : {"multidict._multidict.MultiDict", "multidict._multidict.CIMultiDict"}) {
    rows.push_back({name, Fact::sizeof_PyObject, Shape::multidict, {}, Fact::count, kMultiDict});
  }
  rows.push_back(
      {"greenlet.greenlet", Fact::sizeof_PyObject, Shape::greenlet, {}, Fact::count, kGreenlet});
  rows.back().rest_inferred = true;
  return rows;
}

}  // namespace heapglass
