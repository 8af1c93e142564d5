// A tiny CPython heap in our own memory, laid out by a build's Layout: what a decoder sees of a
// real process, without a process. Objects are complete as far as the decoders look; tests damage
// them by put() and set().
//
// Static types stand in a region of their own, as in a file's data segment; everything else is
// allocated upwards in one region, 16 bytes aligned, that ends with its last object. Mirrors are
// copies: damage first, then look (fake_view.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inspector/python/runtime.h"
#include "symbols/layout.h"
#include "tests/support/fake_memory.h"

namespace heapglass {

// tp_flags of Include/object.h that the tests give to types.
inline constexpr std::uint64_t kFlagManagedDict = 1u << 4;
inline constexpr std::uint64_t kFlagHeapType = 1u << 9;
inline constexpr std::uint64_t kFlagHaveGc = 1u << 14;
inline constexpr std::uint64_t kFlagTypeSubclass = std::uint64_t{1} << 31;

enum class KeyTable : std::uint8_t { general = 0, unicode = 1, split = 2 };

class FakeHeap {
 public:
  using Items = std::vector<std::pair<Address, Address>>;
  using Named = std::vector<std::pair<std::string, Address>>;

  static constexpr Address kStaticBegin = 0x555555000000;
  static constexpr Address kHeapBegin = 0x7f5500000000;
  static constexpr Address kSubtypeTraverse = 0x555555901230;
  static constexpr Address kThread = 0x7f5400000740;    // ob_tid, where objects have one
  static constexpr Address kLookdict = 0x555555a04560;  // dk_lookup of general tables, up to 3.10

  // With `type`, `object` and the other builtin types (type()), and None.
  explicit FakeHeap(std::string_view layout_name);

  Layout layout;  // for a test to set micro
  FakeMemory memory;

  // --- Bytes ---------------------------------------------------------------------------------
  Address allocate(std::size_t size);  // zeros
  Address c_string(std::string_view text);
  template <class T>
  void put(Address address, T value) {
    memory.put(address, value);
  }
  // A field of a struct by its fact; in an object or in a table beside it.
  template <class T>
  void set(Address structure, Fact field, T value) {
    memory.put(structure + offset(field), value);
  }
  Address pointer(Address structure, Fact field) {
    return memory.get<Address>(structure + offset(field));
  }

  // --- Types (fake_types.cpp) ------------------------------------------------------------------
  // A builtin static type by its tp_name: "tuple", "collections.deque".
  Address type(const std::string& tp_name) const { return types_.at(tp_name); }
  bool has_type(const std::string& tp_name) const { return types_.count(tp_name) != 0; }
  Address static_type(const std::string& tp_name, Address base, std::int64_t basicsize,
                      std::int64_t itemsize = 0, std::uint64_t flags = 0);
  struct Class {
    std::string name;
    Address base = 0;  // 0: object
    std::vector<std::string> slots = {};
    // Names of its instances' attributes, in the order of ht_cached_keys; they are kept without a
    // __dict__ (up to 3.10 in one that shares these keys), and `managed` is implied.
    std::vector<std::string> attributes = {};
    bool managed = false;        // instances have a managed dict; up to 3.10 a slot for a __dict__
    bool made_in_c = false;      // tp_traverse is not subtype_traverse
    std::int64_t basicsize = 0;  // 0: the base's and the slots
    std::int64_t itemsize = 0;
    Address metatype = 0;  // 0: type
    bool collectable = true;
    std::string module = "app";
  };
  Address heap_type(const Class& spec);

  // --- Objects ---------------------------------------------------------------------------------
  // Zeros of `size` bytes (0: tp_basicsize) with a count of 1, after what the type says stands
  // before an object.
  Address object(Address type, std::size_t size = 0);
  // ob_refcnt, or what it is split into.
  void set_count(Address object, std::int64_t count);
  Address none() const { return none_; }
  Address tuple(const std::vector<Address>& items, Address type = 0);
  Address list(const std::vector<Address>& items, std::int64_t allocated = -1);
  Address integer(std::int64_t value);
  // The narrowest compact str, as CPython makes it.
  Address str(std::u32string_view text);
  Address str(std::string_view ascii) { return str(std::u32string(ascii.begin(), ascii.end())); }
  // A str whose characters stand in their own block, as those of a subclass do.
  Address loose_str(std::u32string_view text);
  Address set_of(const std::vector<Address>& members, Address type = 0);
  Address deque(const std::vector<Address>& items, std::int64_t left_index);
  Address ordered_dict(const Items& items);

  // Dicts (fake_dicts.cpp). An item whose value is 0 was deleted.
  Address dict(const Items& items, KeyTable kind = KeyTable::unicode);
  Address dict_keys(const Items& items, KeyTable kind);
  Address split_dict(Address keys, const std::vector<Address>& values);
  // The address of the values, behind their prefix.
  Address values_block(const std::vector<Address>& values);
  // Of a class with attributes: without a __dict__, or up to 3.10 with one that shares its keys.
  Address instance(Address type, const std::vector<Address>& values);
  // Of a managed class: with a materialised __dict__.
  Address instance_with_dict(Address type, Address dict);

  // --- The collector ---------------------------------------------------------------------------
  // Links the objects into one list; the address of its head.
  Address collector_list(const std::vector<Address>& objects);
  Address gc_head(Address object) const { return object - offset(Fact::sizeof_PyGC_Head); }
  Runtime runtime(const std::vector<Address>& lists) const;

  Address offset(Fact fact) const { return static_cast<Address>(layout[fact]); }
  // Up to 3.10: one kind of entries, which a table's dk_lookup tells apart.
  bool plain_keys() const { return !layout.has(Fact::PyDictKeysObject_dk_log2_size); }

 private:
  Address allocate_static(std::size_t size);
  void make_builtin_types();
  void fill_dict(Address dict, const Items& items, KeyTable kind);
  Address str_body(Fact size, std::size_t length, unsigned kind, bool ascii, bool compact);
  void put_text(Address at, std::u32string_view text, unsigned kind);

  std::map<std::string, Address> types_;
  Address none_ = 0;
};

}  // namespace heapglass
