// The items of a dict (Objects/dictobject.c), for those who look something up by name: a module's
// globals, an instance's __dict__, threading._active.
#pragma once

#include <optional>

#include "inspector/python/decoders.h"
#include "inspector/python/dict_keys.h"

namespace heapglass {

struct DictItems {
  std::uint64_t count = 0;  // of entries, deleted ones among them: their value is 0

  Address key(std::uint64_t i) const;
  Address value(std::uint64_t i) const;

  DictKeys keys;
  const std::byte* split_values = nullptr;  // where the keys are shared with other dicts
};

// Of a dict or an instance of a subclass. nullopt where there is none: unreadable, not a dict, a
// table that contradicts itself (counted as bad_table).
std::optional<DictItems> dict_items(Address dict, const Decoders& decoders);

// The value of a str key; 0 if there is none.
Address dict_value(Address dict, std::string_view key, const Decoders& decoders);

// An instance's attribute, wherever it stands: a slot, the __dict__, values without one. Not the
// class's. 0 if there is none.
Address attribute(Address object, std::string_view name, const Decoders& decoders);

}  // namespace heapglass
