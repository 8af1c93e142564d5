// Rows of extension types that are no part of CPython, where reading them conservatively would miss
// objects or contradict the collector. Their structs do not change with CPython's version, so that
// no layout file has facts about them: each is told in the file of its shape, with the releases
// that have it. Others are read conservatively.
#include "inspector/python/numpy_scalars.h"
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
  // PyArrayObject_fields grew by _buffer_info (1.20) and mem_handler (1.22); PyArray_Descr and
  // _PyArray_LegacyDescr (2.0), and what the new kinds of 2.0 begin with.
  constexpr std::int32_t kArrays[] = {64, 72, 80}, kDtypes[] = {80, 104, 72};
  const auto add = [&](std::string_view name, Shape shape, std::int32_t size) {
    rows.push_back({name, Fact::sizeof_PyObject, shape, {}, Fact::count, size});
  };
  add("numpy.ufunc", Shape::numpy_ufunc, 216);
  for (const std::int32_t size : kArrays) add("numpy.ndarray", Shape::numpy_array, size);
  for (const std::int32_t size : kDtypes) add("numpy.dtype", Shape::numpy_dtype, size);
  for (const NumpyScalar& scalar : kNumpyScalars) {
    add(scalar.name, Shape::numpy_scalar, scalar.body);
  }
  return rows;
}

}  // namespace heapglass
