// Types, resolved once: everything that visiting and sizing an instance needs to know of its type,
// flattened from the type and its bases (PyTypeObject, PyHeapTypeObject; Objects/typeobject.c).
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inspector/python/names.h"
#include "inspector/python/rows.h"
#include "inspector/target/mirror.h"
#include "symbols/layout.h"

namespace heapglass {

struct Field {  // one pointer in an instance's body
  std::int32_t offset = 0;
  std::uint32_t name = 0;  // in Names
  ReferenceKind kind = ReferenceKind::collector;
};

struct TypeInfo {
  std::uint32_t id = 0;  // dense, by order of resolution
  Address address = 0;
  Address metatype = 0;
  const TypeInfo* base = nullptr;
  // The nearest base that C code made: whose tp_traverse subtype_traverse ends in. Null: itself.
  const TypeInfo* traverses = nullptr;
  std::string name;  // module.qualname
  std::string module;
  std::int64_t basicsize = 0;
  std::int64_t itemsize = 0;
  std::uint64_t flags = 0;  // tp_flags
  Shape shape = Shape::fixed;

  bool heap = false;         // Py_TPFLAGS_HEAPTYPE
  bool has_gc = false;       // Py_TPFLAGS_HAVE_GC
  bool python_made = false;  // by a class statement: tp_traverse is subtype_traverse
  bool is_type = false;      // a metatype: its instances are types
  bool managed_dict = false;
  bool inline_values = false;
  bool inferred = false;    // some bytes of the body are known to nobody: read conservatively
  bool own_sizeof = false;  // __sizeof__ is Python code
  // Fields stand as many bytes further as an instance's items take: the slots of a tuple's
  // subclass, which may have some since 3.15 (Python/structmember.c, _Py_AFTER_ITEMS).
  bool fields_behind_items = false;
  // How an instance's reference to this type is held; nullopt: it holds none (static types).
  std::optional<ReferenceKind> type_reference;
  std::int32_t pre_header = 0;   // bytes before the collector's header: managed dict and weak list
  std::int64_t dict_offset = 0;  // tp_dictoffset where it is negative (from the end), else 0
  std::int32_t inferred_begin = 0, inferred_end = 0;  // of the body; words of pointers
  std::int64_t struct_fields = 0;    // of Shape::structseq: items in all, hidden ones included
  std::int32_t weaklist_offset = 0;  // a pointer that is no reference; 0: none

  std::vector<Field> fields;
  std::vector<std::uint32_t> attribute_names;  // of values without a dict, by ht_cached_keys order
  // Of Shape::structseq, by position; kNoName: a field that has none.
  static constexpr std::uint32_t kNoName = ~std::uint32_t{0};
  std::vector<std::uint32_t> item_names;
  std::uint64_t values_capacity =
      0;  // pointers in a new instance's values: shared_keys_usable_size
};

class TypeTable {
 public:
  static constexpr std::uint64_t kHeapType = 1u << 9;
  static constexpr std::uint64_t kHaveGc = 1u << 14;
  static constexpr std::uint64_t kTypeSubclass = std::uint64_t{1} << 31;
  static constexpr std::uint64_t kInlineValues = 1u << 2;    // 3.13+
  static constexpr std::uint64_t kManagedWeakref = 1u << 3;  // 3.12+
  static constexpr std::uint64_t kManagedDict = 1u << 4;     // 3.11+
  static constexpr std::uint64_t kStaticBuiltin = 1u << 1;   // 3.12+

  // `type_type`: address of PyType_Type. `subtype_traverse`: what tp_traverse is in classes made in
  // Python, 0 if none is known. Layout and mirror outlive the table.
  TypeTable(const Layout& layout, Mirror& mirror, Address type_type, Address subtype_traverse);

  // The type at `address`, or null where there is none: its chain of metatypes does not end in
  // `type`, its sizes are absurd, its bases loop. Stable pointers. Several threads may ask at once.
  const TypeInfo* resolve(Address address) {
    const std::size_t slot = hash(address) & (kSlots - 1);
    const TypeInfo* type = types_seen_[slot].load(std::memory_order_acquire);
    if (type != nullptr && type->address == address) return type;
    if (no_types_seen_[slot].load(std::memory_order_relaxed) == address) return nullptr;
    return resolve_slow(address);
  }

  // These while no other thread resolves.
  const std::deque<TypeInfo>& types() const { return types_; }
  Names& names() { return names_; }
  Address type_type() const { return type_type_; }
  // Looks up a str key in a dict; 0 if there is none.
  Address dict_lookup(Address dict, std::string_view key);

 private:
  static constexpr std::size_t kSlots = 4096;
  static std::size_t hash(Address address) {
    return static_cast<std::size_t>((address * 0x9E3779B97F4A7C15u) >> 40);
  }

  const TypeInfo* resolve_slow(Address address);
  const TypeInfo* resolve_locked(Address address);
  const TypeInfo* build(Address address, const TypeInfo* base);
  bool plausible(Address address);
  std::int64_t basicsize_of(Address type);
  bool defines_sizeof(Address type);
  void name_type(TypeInfo& type, const std::byte* body);
  bool bind_row(TypeInfo& type, const std::byte* body);
  void infer_rest(TypeInfo& type) const;
  std::int64_t struct_fields(const std::byte* body);
  void name_items(TypeInfo& type, const std::byte* body);
  void add_python_layer(TypeInfo& type, const std::byte* body, bool bound);
  void add_slots(TypeInfo& type, const std::byte* body);
  void add_cached_keys(TypeInfo& type, const std::byte* body);
  void find_type_reference(TypeInfo& type);
  void find_own_sizeof(TypeInfo& type, const std::byte* body);

  const Layout& layout_;
  Mirror& mirror_;
  Address type_type_;
  Address subtype_traverse_;
  std::unordered_multimap<std::string_view, const Row*> rows_;
  std::unordered_map<Address, const TypeInfo*> known_;  // null: known to be no type
  std::unordered_map<Address, bool> defines_sizeof_;    // in its own __dict__, in Python
  // Caches in front of known_; what is in none is looked up under the lock.
  std::vector<std::atomic<const TypeInfo*>> types_seen_ =
      std::vector<std::atomic<const TypeInfo*>>(kSlots);
  std::vector<std::atomic<Address>> no_types_seen_ = std::vector<std::atomic<Address>>(kSlots);
  std::mutex mutex_;
  std::deque<TypeInfo> types_;
  std::size_t field_count_ = 0;
  Names names_;
};

}  // namespace heapglass
