#include "inspector/graph/size_column.h"

#include <doctest/doctest.h>

namespace heapglass {

TEST_CASE("sizes below 4 GiB stand in the column, larger ones beside it, whatever the order") {
  constexpr std::uint64_t kLimit = 0xffffffff;
  SizeColumn column;
  column.resize(4);
  CHECK(column.put(0, 48));
  CHECK(column.put(1, kLimit - 1));
  CHECK_FALSE(column.put(2, kLimit));
  CHECK_FALSE(column.put(3, kLimit << 8));
  column.put_large(3, kLimit << 8);
  column.put_large(2, kLimit);
  CHECK(column[0] == 48);
  CHECK(column[1] == kLimit - 1);
  CHECK(column[2] == kLimit);
  CHECK(column[3] == kLimit << 8);
}

TEST_CASE("a column grows by the end") {
  SizeColumn column{64, std::uint64_t{5} << 30};
  column.push_back(16);
  CHECK(column.size() == 3);
  CHECK(column[1] == std::uint64_t{5} << 30);
  CHECK(column[2] == 16);
}

}  // namespace heapglass
