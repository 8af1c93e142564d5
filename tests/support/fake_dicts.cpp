// Dicts of a FakeHeap, and instances whose attributes are values without one.
#include "tests/support/fake_heap.h"

namespace heapglass {

namespace {
constexpr std::size_t kWord = sizeof(Address);
}

Address FakeHeap::dict_keys(const Items& items, KeyTable kind) {
  unsigned log2 = 3;
  while ((std::size_t{2} << log2) / 3 < items.size()) ++log2;
  const std::size_t capacity = (std::size_t{2} << log2) / 3;
  const unsigned log2_index = log2 + (log2 < 8 ? 0 : log2 < 16 ? 1 : 2);
  const bool general = kind == KeyTable::general, hashes = plain_keys() || general;
  const std::size_t entry_size =
      offset(hashes ? Fact::sizeof_PyDictKeyEntry : Fact::sizeof_PyDictUnicodeEntry);
  const std::size_t before =
      offset(Fact::PyDictKeysObject_dk_indices) + (std::size_t{1} << log2_index);
  const Address address = allocate(before + capacity * entry_size);
  set(address, Fact::PyDictKeysObject_dk_refcnt, std::int64_t{1});
  if (plain_keys()) {
    set(address, Fact::PyDictKeysObject_dk_size, std::int64_t{1} << log2);
    set(address, Fact::PyDictKeysObject_dk_lookup, general ? kLookdict : kLookdict + 0x300);
  } else {
    set(address, Fact::PyDictKeysObject_dk_log2_size, static_cast<std::uint8_t>(log2));
    set(address, Fact::PyDictKeysObject_dk_log2_index_bytes, static_cast<std::uint8_t>(log2_index));
    set(address, Fact::PyDictKeysObject_dk_kind, static_cast<std::uint8_t>(kind));
  }
  set(address, Fact::PyDictKeysObject_dk_nentries, items.size());
  set(address, Fact::PyDictKeysObject_dk_usable, capacity - items.size());
  Address entry = address + before;
  for (const auto& [key, value] : items) {
    set(entry, hashes ? Fact::PyDictKeyEntry_me_key : Fact::PyDictUnicodeEntry_me_key, key);
    set(entry, hashes ? Fact::PyDictKeyEntry_me_value : Fact::PyDictUnicodeEntry_me_value, value);
    entry += entry_size;
  }
  return address;
}

void FakeHeap::fill_dict(Address dict, const Items& items, KeyTable kind) {
  std::uint64_t used = 0;
  for (const auto& [key, value] : items) used += value != 0;
  set(dict, Fact::PyDictObject_ma_used, used);
  set(dict, Fact::PyDictObject_ma_keys, dict_keys(items, kind));
}

Address FakeHeap::dict(const Items& items, KeyTable kind) {
  const Address address = object(type("dict"));
  fill_dict(address, items, kind);
  return address;
}

Address FakeHeap::values_block(const std::vector<Address>& values) {
  // new_values (Objects/dictobject.c): from 3.11 on size + 2 bytes in whole words before the
  // values; the last of them says how many.
  const bool plain = layout.dialects.managed_dict == ManagedDict::none;
  const std::size_t prefix = plain ? 0 : (values.size() + 2 + kWord - 1) / kWord * kWord;
  const Address block = allocate(prefix + values.size() * kWord) + prefix;
  if (!plain) put(block - 1, static_cast<std::uint8_t>(prefix));
  for (std::size_t i = 0; i < values.size(); ++i) put(block + i * kWord, values[i]);
  return block;
}

Address FakeHeap::split_dict(Address keys, const std::vector<Address>& values) {
  const Address address = object(type("dict"));
  set(address, Fact::PyDictObject_ma_used, values.size());
  set(address, Fact::PyDictObject_ma_keys, keys);
  const auto references = memory.get<std::int64_t>(keys + offset(Fact::PyDictKeysObject_dk_refcnt));
  set(keys, Fact::PyDictKeysObject_dk_refcnt, references + 1);
  const Address head =
      layout.has(Fact::PyDictValues_values) ? offset(Fact::PyDictValues_values) : 0;
  set(address, Fact::PyDictObject_ma_values, values_block(values) - head);
  return address;
}

Address FakeHeap::instance(Address type, const std::vector<Address>& values) {
  const auto basicsize = memory.get<std::uint64_t>(type + offset(Fact::PyTypeObject_tp_basicsize));
  switch (layout.dialects.managed_dict) {
    case ManagedDict::none: {
      const Address keys = pointer(type, Fact::PyHeapTypeObject_ht_cached_keys);
      return instance_with_dict(type, split_dict(keys, values));
    }
    case ManagedDict::pair: {
      const Address address = object(type);
      put(address - 4 * kWord, values_block(values));
      return address;
    }
    case ManagedDict::tagged: {
      const Address address = object(type);
      put(address - 3 * kWord, values_block(values) - 1);
      return address;
    }
    case ManagedDict::inline_values: {
      const std::size_t head = offset(Fact::PyDictValues_values);
      const Address address = object(type, basicsize + head + values.size() * kWord);
      const Address inside = address + basicsize;
      set(inside, Fact::PyDictValues_capacity, static_cast<std::uint8_t>(values.size()));
      set(inside, Fact::PyDictValues_embedded, std::uint8_t{1});
      set(inside, Fact::PyDictValues_valid, std::uint8_t{1});
      for (std::size_t i = 0; i < values.size(); ++i) put(inside + head + i * kWord, values[i]);
      return address;
    }
  }
  throw std::logic_error("instances of this build have a dict");
}

Address FakeHeap::instance_with_dict(Address type, Address dict) {
  const Address address = object(type);
  if (layout.dialects.managed_dict == ManagedDict::none) {
    const auto end = memory.get<Address>(type + offset(Fact::PyTypeObject_tp_basicsize));
    const auto slot = memory.get<std::int64_t>(type + offset(Fact::PyTypeObject_tp_dictoffset));
    put(address + (slot < 0 ? end : 0) + static_cast<Address>(slot), dict);
  } else {
    put(address - 3 * kWord, dict);
  }
  return address;
}

Address FakeHeap::ordered_dict(const Items& items) {
  const Address address = object(type("collections.OrderedDict"));
  fill_dict(address, items, KeyTable::unicode);
  Address before = 0;
  for (const auto& [key, value] : items) {
    const Address node = allocate(offset(Fact::sizeof__odictnode));
    set(node, Fact::_odictnode_key, key);
    set(node, Fact::_odictnode_prev, before);
    if (before == 0) {
      set(address, Fact::PyODictObject_od_first, node);
    } else {
      set(before, Fact::_odictnode_next, node);
    }
    before = node;
  }
  set(address, Fact::PyODictObject_od_last, before);
  return address;
}

}  // namespace heapglass
