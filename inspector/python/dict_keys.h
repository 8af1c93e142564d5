// A dict's table of keys (PyDictKeysObject; Objects/dictobject.c): shared by the dicts of a class
// ("split"), or owned by one dict.
#pragma once

#include <optional>

#include "inspector/target/mirror.h"
#include "symbols/layout.h"

namespace heapglass {

struct DictKeys {
  const std::byte* entries = nullptr;
  std::uint64_t entry_count = 0;  // dk_nentries: used ones and holes
  std::uint64_t usable = 0;       // dk_usable: entries still free
  std::uint64_t capacity = 0;     // USABLE_FRACTION(dk_size)
  std::uint32_t entry_size = 0;
  std::int32_t key_offset = 0, value_offset = 0;
  std::uint64_t bytes = 0;  // of the whole table, as _PyDict_KeysSize counts it
  std::int64_t dk_refcnt = 0;
  // From 3.11 on: all keys are str, and entries have no hash.
  bool unicode = false;
  // Up to 3.10: the function that looks keys up, which says what keys there may be.
  Address dk_lookup = 0;
};

// nullopt: unreadable, or a header that contradicts itself or its mapping.
std::optional<DictKeys> read_dict_keys(Address address, const Layout& layout, Mirror& mirror);

}  // namespace heapglass
