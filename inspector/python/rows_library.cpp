#include "inspector/python/rows_library.h"

#include <iterator>

namespace heapglass {

std::span<const Row> library_rows() {
  static const std::vector<Row> kRows = [] {
    std::vector<Row> rows;
    for (const auto family : {iterator_rows, collection_rows, builtin_rows, io_rows,
                              concurrency_rows, data_rows, extension_rows}) {
      auto some = family();
      rows.insert(rows.end(), std::make_move_iterator(some.begin()),
                  std::make_move_iterator(some.end()));
    }
    return rows;
  }();
  return kRows;
}

}  // namespace heapglass
