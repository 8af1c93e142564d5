// What only some objects have: their ids, ascending, and one value for each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "inspector/graph/object_id.h"

namespace heapglass {

template <class T>
struct SparseColumn {
  std::vector<ObjectId> objects;  // ascending
  std::vector<T> values;          // one for each

  // Of an object with a higher id than all before.
  void add(ObjectId object, const T& value) {
    objects.push_back(object);
    values.push_back(value);
  }
  // All of these have higher ids.
  void append(const SparseColumn& more) {
    objects.insert(objects.end(), more.objects.begin(), more.objects.end());
    values.insert(values.end(), more.values.begin(), more.values.end());
  }
  // Null: the object has none. O(log size).
  const T* of(ObjectId object) const {
    const auto at = std::lower_bound(objects.begin(), objects.end(), object);
    if (at == objects.end() || *at != object) return nullptr;
    return &values[static_cast<std::size_t>(at - objects.begin())];
  }
};

}  // namespace heapglass
