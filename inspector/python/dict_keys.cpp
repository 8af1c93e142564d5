#include "inspector/python/dict_keys.h"

#include "inspector/python/bytes.h"

namespace heapglass {

namespace {

// 3.11+: dk_log2_size, dk_log2_index_bytes, dk_kind.
bool read_log2(DictKeys& keys, const std::byte* head, const Layout& layout) {
  const unsigned log2_size = load<std::uint8_t>(head, layout[Fact::PyDictKeysObject_dk_log2_size]);
  const unsigned log2_index =
      load<std::uint8_t>(head, layout[Fact::PyDictKeysObject_dk_log2_index_bytes]);
  // An index has 1, 2, 4 or 8 bytes; the table of no entries at all has one slot in 8 bytes.
  if (log2_size > 40 || log2_index < log2_size || log2_index > log2_size + 3) return false;
  constexpr unsigned kGeneral = 0;  // DICT_KEYS_GENERAL
  const unsigned kind = load<std::uint8_t>(head, layout[Fact::PyDictKeysObject_dk_kind]);
  keys.unicode = kind != kGeneral;
  const std::uint64_t size = std::uint64_t{1} << log2_size;
  keys.capacity = (size << 1) / 3;
  keys.entry_size = static_cast<std::uint32_t>(
      layout[keys.unicode ? Fact::sizeof_PyDictUnicodeEntry : Fact::sizeof_PyDictKeyEntry]);
  keys.bytes = static_cast<std::uint64_t>(layout[Fact::sizeof_PyDictKeysObject]) +
               (std::uint64_t{1} << log2_index) + keys.capacity * keys.entry_size;
  return true;
}

// Up to 3.10: dk_size, and index bytes by its magnitude.
bool read_plain(DictKeys& keys, const std::byte* head, const Layout& layout) {
  const std::int64_t size = load_ssize(head, layout[Fact::PyDictKeysObject_dk_size]);
  if (size < 1 || size > std::int64_t{1} << 40 || (size & (size - 1)) != 0) return false;
  const std::int64_t index_bytes = size <= 0xff         ? 1
                                   : size <= 0xffff     ? 2
                                   : size <= 0xffffffff ? 4
                                                        : 8;
  keys.capacity = static_cast<std::uint64_t>(size) * 2 / 3;
  keys.entry_size = static_cast<std::uint32_t>(layout[Fact::sizeof_PyDictKeyEntry]);
  keys.dk_lookup = load_pointer(head, layout[Fact::PyDictKeysObject_dk_lookup]);
  keys.bytes = static_cast<std::uint64_t>(layout[Fact::PyDictKeysObject_dk_indices]) +
               static_cast<std::uint64_t>(size * index_bytes) + keys.capacity * keys.entry_size;
  return true;
}

}  // namespace

std::optional<DictKeys> read_dict_keys(Address address, const Layout& layout, Mirror& mirror) {
  const auto head_size = static_cast<std::size_t>(layout[Fact::PyDictKeysObject_dk_indices]);
  const std::byte* head = mirror.at(address, head_size);
  if (head == nullptr) return std::nullopt;

  DictKeys keys;
  const bool log2 = layout.has(Fact::PyDictKeysObject_dk_log2_size);
  if (!(log2 ? read_log2(keys, head, layout) : read_plain(keys, head, layout))) return std::nullopt;
  keys.dk_refcnt = load_ssize(head, layout[Fact::PyDictKeysObject_dk_refcnt]);
  const std::int64_t entries = load_ssize(head, layout[Fact::PyDictKeysObject_dk_nentries]);
  const std::int64_t usable = load_ssize(head, layout[Fact::PyDictKeysObject_dk_usable]);
  if (entries < 0 || static_cast<std::uint64_t>(entries) > keys.capacity || usable < 0 ||
      static_cast<std::uint64_t>(usable) > keys.capacity) {
    return std::nullopt;
  }
  keys.entry_count = static_cast<std::uint64_t>(entries);
  keys.usable = static_cast<std::uint64_t>(usable);
  if (keys.unicode) {
    keys.key_offset = layout[Fact::PyDictUnicodeEntry_me_key];
    keys.value_offset = layout[Fact::PyDictUnicodeEntry_me_value];
  } else {
    keys.key_offset = layout[Fact::PyDictKeyEntry_me_key];
    keys.value_offset = layout[Fact::PyDictKeyEntry_me_value];
  }
  if (keys.bytes > mirror.room(address)) return std::nullopt;
  const std::uint64_t before_entries = keys.bytes - keys.capacity * keys.entry_size;
  keys.entries = mirror.at(address + before_entries, keys.entry_count * keys.entry_size);
  if (keys.entries == nullptr) return std::nullopt;
  return keys;
}

}  // namespace heapglass
