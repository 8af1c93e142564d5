// numpy's scalar types (numpy/core/include/numpy/arrayscalars.h, x86-64).
#pragma once

#include <cstdint>
#include <string_view>

namespace heapglass {

struct NumpyScalar {
  std::string_view name;
  std::int32_t body;      // tp_basicsize behind PyObject
  std::int32_t itemsize;  // of its dtype; 0: the instance's own (void, bytes_)
};

inline constexpr NumpyScalar kNumpyScalars[] = {
    {"numpy.bool_", 8, 1},        {"numpy.bool", 8, 1},  // numpy 2
    {"numpy.int8", 8, 1},         {"numpy.uint8", 8, 1},        {"numpy.int16", 8, 2},
    {"numpy.uint16", 8, 2},       {"numpy.int32", 8, 4},        {"numpy.uint32", 8, 4},
    {"numpy.intc", 8, 4},         {"numpy.uintc", 8, 4},        {"numpy.int64", 8, 8},
    {"numpy.uint64", 8, 8},       {"numpy.longlong", 8, 8},     {"numpy.ulonglong", 8, 8},
    {"numpy.float16", 8, 2},      {"numpy.float32", 8, 4},      {"numpy.float64", 8, 8},
    {"numpy.complex64", 8, 8},    {"numpy.complex128", 16, 16}, {"numpy.float128", 16, 16},
    {"numpy.longdouble", 16, 16}, {"numpy.complex256", 32, 32}, {"numpy.clongdouble", 32, 32},
    {"numpy.datetime64", 16, 8},  {"numpy.timedelta64", 16, 8}, {"numpy.void", 48, 0},
    {"numpy.bytes_", 24, 0},
};

}  // namespace heapglass
