// The extension types' rows by family; rows_library.cpp joins them.
#pragma once

#include <vector>

#include "inspector/python/rows.h"

namespace heapglass {

std::vector<Row> iterator_rows();  // rows_iterators.cpp: views, iterators, itertools
std::vector<Row>
collection_rows();                // rows_collections.cpp: collections, functools, operator, array
std::vector<Row> builtin_rows();  // rows_builtins.cpp: rarer builtins, types, typing
std::vector<Row> io_rows();       // rows_io.cpp: files, sockets, compression, hashes
std::vector<Row> concurrency_rows();  // rows_concurrency.cpp: asyncio, threads, contextvars
std::vector<Row> data_rows();  // rows_data.cpp: datetime, re, json, pickle, sqlite3, ctypes, ...
std::vector<Row> extension_rows();  // rows_extensions.cpp: no part of CPython: multidict, greenlet

}  // namespace heapglass
