#include "inspector/python/type_table.h"

#include <algorithm>

#include "inspector/graph/literal.h"
#include "inspector/python/bytes.h"
#include "inspector/python/dict_keys.h"
#include "inspector/python/text.h"

namespace heapglass {

namespace {

// Bounds for what a type may say of itself. The largest tp_basicsize seen is a few KiB.
constexpr std::int64_t kMaxBasicsize = 1 << 20;
constexpr std::int64_t kMaxItemsize = 1 << 16;
constexpr std::int64_t kMaxMro = 4096;       // classes of an __mro__ that are looked at
constexpr std::size_t kMaxMetatypes = 16;    // length of a chain of ob_type
constexpr std::size_t kMaxTypes = 4u << 20;  // then every further address is no type
constexpr std::size_t kMaxSlots = 1 << 16;
constexpr std::size_t kMaxFields = 32u << 20;   // of all types together
constexpr std::int64_t kMaxStructFields = 256;  // sys.flags has 18
constexpr std::size_t kMaxNameLength = 1000;    // code points of a name that are kept

}  // namespace

TypeTable::TypeTable(const Layout& layout, Mirror& mirror, Address type_type,
                     Address subtype_traverse)
    : layout_(layout), mirror_(mirror), type_type_(type_type), subtype_traverse_(subtype_traverse) {
  for (const std::string_view name : kFixedNames) names_.intern(name);
  for (const auto rows : {core_rows(), library_rows()}) {
    for (const Row& row : rows) {
      if (row.size == kAnySize || row.basicsize(layout) >= 0) rows_.emplace(row.type, &row);
    }
  }
}

const TypeInfo* TypeTable::resolve_slow(Address address) {
  if (mirror_.find(address) == nullptr) return nullptr;
  const std::lock_guard lock(mutex_);
  const TypeInfo* type = resolve_locked(address);
  const std::size_t slot = hash(address) & (kSlots - 1);
  if (type != nullptr) {
    types_seen_[slot].store(type, std::memory_order_release);
  } else {
    no_types_seen_[slot].store(address, std::memory_order_relaxed);
  }
  return type;
}

const TypeInfo* TypeTable::resolve_locked(Address address) {
  if (address == 0) return nullptr;
  const auto known = known_.find(address);
  if (known != known_.end()) return known->second;
  // From the type up to the nearest base that is known, then build downwards.
  std::vector<Address> chain;
  const TypeInfo* base = nullptr;
  bool sound = true;
  for (Address at = address; at != 0;) {
    const auto it = known_.find(at);
    if (it != known_.end()) {
      base = it->second;
      sound = base != nullptr;
      break;
    }
    sound = known_.size() < kMaxTypes;
    if (!sound) break;
    // Known to be no type until it is built: a loop of bases ends here, and so does whatever
    // derives from what is no type.
    known_.emplace(at, nullptr);
    sound = plausible(at);
    if (!sound) break;
    chain.push_back(at);
    at = load_pointer(mirror_.at(at, static_cast<std::size_t>(layout_[Fact::sizeof_PyTypeObject])),
                      layout_[Fact::PyTypeObject_tp_base]);
  }
  if (!sound) return nullptr;
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    // Fields and shapes are inherited: an instance must have at least the bytes that they stand in.
    if (base != nullptr && basicsize_of(*at) < base->basicsize) return nullptr;
    base = build(*at, base);
    known_[*at] = base;
  }
  return known_[address];
}

std::int64_t TypeTable::basicsize_of(Address type) {
  const std::byte* body =
      mirror_.at(type, static_cast<std::size_t>(layout_[Fact::sizeof_PyTypeObject]));
  return body == nullptr ? 0 : load_ssize(body, layout_[Fact::PyTypeObject_tp_basicsize]);
}

bool TypeTable::plausible(Address address) {
  const std::byte* body =
      mirror_.at(address, static_cast<std::size_t>(layout_[Fact::sizeof_PyTypeObject]));
  if (body == nullptr || address % sizeof(Address) != 0) return false;
  const std::int64_t basicsize = load_ssize(body, layout_[Fact::PyTypeObject_tp_basicsize]);
  const std::int64_t itemsize = load_ssize(body, layout_[Fact::PyTypeObject_tp_itemsize]);
  if (basicsize < layout_[Fact::sizeof_PyObject] || basicsize > kMaxBasicsize || itemsize < 0 ||
      itemsize > kMaxItemsize || (itemsize != 0 && basicsize < layout_[Fact::sizeof_PyVarObject])) {
    return false;
  }
  // type(type(...(t))) must come to `type`, by types all the way.
  for (std::size_t step = 0; step < kMaxMetatypes; ++step) {
    const Address metatype = load_pointer(body, layout_[Fact::PyObject_ob_type]);
    if (metatype == type_type_) return true;
    body = mirror_.at(metatype, static_cast<std::size_t>(layout_[Fact::sizeof_PyTypeObject]));
    if (body == nullptr) return false;
    if (!(load<std::uint64_t>(body, layout_[Fact::PyTypeObject_tp_flags]) & kTypeSubclass)) {
      return false;
    }
  }
  return false;
}

const TypeInfo* TypeTable::build(Address address, const TypeInfo* base) {
  const std::byte* body =
      mirror_.at(address, static_cast<std::size_t>(layout_[Fact::sizeof_PyTypeObject]));
  TypeInfo type;
  type.id = static_cast<std::uint32_t>(types_.size());
  type.address = address;
  type.base = base;
  type.metatype = load_pointer(body, layout_[Fact::PyObject_ob_type]);
  type.basicsize = load_ssize(body, layout_[Fact::PyTypeObject_tp_basicsize]);
  type.itemsize = load_ssize(body, layout_[Fact::PyTypeObject_tp_itemsize]);
  type.flags = load<std::uint64_t>(body, layout_[Fact::PyTypeObject_tp_flags]);
  type.heap = type.flags & kHeapType;
  type.has_gc = type.flags & kHaveGc;
  type.is_type =
      (type.flags & kTypeSubclass) && type.basicsize >= layout_[Fact::sizeof_PyTypeObject];
  type.python_made =
      type.heap && subtype_traverse_ != 0 &&
      load_pointer(body, layout_[Fact::PyTypeObject_tp_traverse]) == subtype_traverse_;
  const ManagedDict managed = layout_.dialects.managed_dict;
  type.managed_dict = managed != ManagedDict::none && (type.flags & kManagedDict);
  type.inline_values = managed == ManagedDict::inline_values && (type.flags & kInlineValues);
  const bool managed_weakref = managed != ManagedDict::none && managed != ManagedDict::pair &&
                               (type.flags & kManagedWeakref);
  type.pre_header = type.managed_dict || managed_weakref ? 2 * sizeof(Address) : 0;
  type.weaklist_offset = static_cast<std::int32_t>(std::clamp<std::int64_t>(
      load_ssize(body, layout_[Fact::PyTypeObject_tp_weaklistoffset]), 0, kMaxBasicsize));
  if (base != nullptr) {
    type.shape = base->shape;
    type.fields = base->fields;
    type.fields_behind_items = base->fields_behind_items;
    type.inferred = base->inferred;
    type.inferred_begin = base->inferred_begin;
    type.inferred_end = base->inferred_end;
    type.dict_offset = base->dict_offset;
    if (type.python_made) type.traverses = base->traverses != nullptr ? base->traverses : base;
    type.struct_fields = base->struct_fields;
    type.item_names = base->item_names;
  }
  name_type(type, body);
  // Python code makes classes with subtype_traverse, or, of types without a collector's header
  // (class C(int): __slots__ = ()), without any; those add nothing that a row would tell.
  const bool bound = !type.python_made && bind_row(type, body);
  add_python_layer(type, body, bound);
  add_cached_keys(type, body);
  find_type_reference(type);
  find_own_sizeof(type, body);
  // Each class repeats its base's fields: a hostile chain of them must not fill our memory.
  field_count_ += type.fields.size();
  if (field_count_ > kMaxFields) {
    type.fields.clear();
    type.fields.shrink_to_fit();
  }
  types_.push_back(std::move(type));
  return &types_.back();
}

void TypeTable::name_type(TypeInfo& type, const std::byte* body) {
  std::string qualname;
  if (type.heap) {
    const std::byte* heap =
        mirror_.at(type.address, static_cast<std::size_t>(layout_[Fact::sizeof_PyHeapTypeObject]));
    if (heap != nullptr) {
      qualname = read_text(load_pointer(heap, layout_[Fact::PyHeapTypeObject_ht_qualname]), layout_,
                           mirror_, kMaxNameLength)
                     .value_or("?");
    }
    const Address module =
        dict_lookup(load_pointer(body, layout_[Fact::PyTypeObject_tp_dict]), "__module__");
    type.module =
        module == 0 ? "?" : read_text(module, layout_, mirror_, kMaxNameLength).value_or("?");
  } else {
    // A static type's tp_name holds both (type_module, type_qualname).
    const std::string full =
        mirror_.c_string(load_pointer(body, layout_[Fact::PyTypeObject_tp_name]), kMaxNameLength)
            .value_or("?");
    const std::size_t dot = full.rfind('.');
    type.module = dot == std::string::npos ? "builtins" : full.substr(0, dot);
    qualname = dot == std::string::npos ? full : full.substr(dot + 1);
  }
  // C code may make a heap type without __module__ (arrays of ctypes).
  const bool bare = type.module == "builtins" || type.module == "?";
  type.name = bare ? qualname : type.module + "." + qualname;
}

bool TypeTable::bind_row(TypeInfo& type, const std::byte* body) {
  const auto [first, last] = rows_.equal_range(type.name);
  for (auto at = first; at != last; ++at) {
    const Row& row = *at->second;
    if (row.size != kAnySize && row.basicsize(layout_) != type.basicsize) continue;
    if (row.own_struct) type.fields.clear();
    if (row.shape != Shape::fixed) type.shape = row.shape;
    for (const RowField& field : row.fields) {
      // Rows that bind by name alone (kAnySize) may have fields that this build's struct lacks.
      if (layout_.has(field.offset) &&
          layout_[field.offset] + static_cast<std::int64_t>(sizeof(Address)) <= type.basicsize) {
        const bool shown = (type.heap && field.heap_type_shows) ||
                           (field.shown_since != Fact::count && layout_.since(field.shown_since));
        const ReferenceKind kind = shown ? ReferenceKind::collector : field.kind;
        type.fields.push_back({layout_[field.offset], names_.intern(field.label), kind});
      }
    }
    if (row.rest_inferred) infer_rest(type);
    return true;
  }
  // What C code derives from tuple and no row names are the types of Objects/structseq.c.
  if (type.base != nullptr && type.base->shape == Shape::tuple && type.has_gc) {
    type.shape = Shape::structseq;
    type.struct_fields = struct_fields(body);
    name_items(type, body);
    return true;
  }
  infer_rest(type);
  return false;
}

// What it has beyond its base is to be read conservatively.
void TypeTable::infer_rest(TypeInfo& type) const {
  const std::int64_t base_size =
      type.base == nullptr ? layout_[Fact::sizeof_PyObject] : type.base->basicsize;
  if (type.basicsize > base_size) {
    if (!type.inferred) type.inferred_begin = static_cast<std::int32_t>(base_size);
    type.inferred_end = static_cast<std::int32_t>(type.basicsize);
    type.inferred = true;
  } else if (type.itemsize != 0 && (type.base == nullptr || type.base->itemsize == 0)) {
    type.inferred = true;
  }
}

// How many items instances of a structseq type have, those behind ob_size included: `n_fields` in
// its dict. A static type that keeps its dict elsewhere has no unnamed ones, so a PyMemberDef for
// each.
std::int64_t TypeTable::struct_fields(const std::byte* body) {
  const Address dict = load_pointer(body, layout_[Fact::PyTypeObject_tp_dict]);
  if (const Address number = dict == 0 ? 0 : dict_lookup(dict, "n_fields"); number != 0) {
    const std::int32_t digits = layout_[Fact::PyLongObject_long_value_ob_digit];
    const std::byte* integer = mirror_.at(number, static_cast<std::size_t>(digits) + 4);
    if (integer != nullptr) return load<std::uint32_t>(integer, digits);
  }
  const auto stride = static_cast<Address>(layout_[Fact::sizeof_PyMemberDef]);
  Address member = load_pointer(body, layout_[Fact::PyTypeObject_tp_members]);
  for (std::int64_t count = 0; count < kMaxStructFields; ++count, member += stride) {
    const std::byte* definition = mirror_.at(member, stride);
    if (definition == nullptr || load_pointer(definition, layout_[Fact::PyMemberDef_name]) == 0) {
      return count;
    }
  }
  return 0;
}

// The names of those items: each PyMemberDef has its offset.
void TypeTable::name_items(TypeInfo& type, const std::byte* body) {
  const auto stride = static_cast<Address>(layout_[Fact::sizeof_PyMemberDef]);
  const auto fields = std::min(type.struct_fields, kMaxStructFields);
  type.item_names.assign(static_cast<std::size_t>(fields), TypeInfo::kNoName);
  Address member = load_pointer(body, layout_[Fact::PyTypeObject_tp_members]);
  for (std::int64_t i = 0; i < fields; ++i, member += stride) {
    const std::byte* definition = mirror_.at(member, stride);
    if (definition == nullptr) return;
    const Address name = load_pointer(definition, layout_[Fact::PyMemberDef_name]);
    if (name == 0) return;
    const std::int64_t offset = load_ssize(definition, layout_[Fact::PyMemberDef_offset]) -
                                layout_[Fact::PyTupleObject_ob_item];
    const std::int64_t item = offset / static_cast<std::int64_t>(sizeof(Address));
    if (offset < 0 || item >= fields) continue;
    if (const auto text = mirror_.c_string(name, kMaxNameLength)) {
      type.item_names[static_cast<std::size_t>(item)] = names_.intern("." + *text);
    }
  }
}

void TypeTable::add_python_layer(TypeInfo& type, const std::byte* body, bool bound) {
  if (!type.heap || type.base == nullptr) return;
  const std::int64_t dictoffset = load_ssize(body, layout_[Fact::PyTypeObject_tp_dictoffset]);
  const std::byte* base_body =
      mirror_.at(type.base->address, static_cast<std::size_t>(layout_[Fact::sizeof_PyTypeObject]));
  const std::int64_t base_dictoffset =
      base_body == nullptr ? 0 : load_ssize(base_body, layout_[Fact::PyTypeObject_tp_dictoffset]);
  const bool made_here = type.python_made || type.basicsize == type.base->basicsize;
  if (!type.managed_dict && made_here && dictoffset != base_dictoffset) {
    if (dictoffset > 0 &&
        dictoffset <= type.basicsize - static_cast<std::int64_t>(sizeof(Address))) {
      type.fields.push_back({static_cast<std::int32_t>(dictoffset), names_.intern(".__dict__"),
                             ReferenceKind::collector});
    } else if (dictoffset < 0 && dictoffset >= -kMaxBasicsize && type.itemsize != 0) {
      type.dict_offset = dictoffset;
    }
  }
  if (type.python_made || (!bound && type.shape != Shape::fixed && !type.inferred))
    add_slots(type, body);
}

// __slots__: PyMemberDefs behind the heap type object (PyHeapType_GET_MEMBERS), ob_size of them.
void TypeTable::add_slots(TypeInfo& type, const std::byte* body) {
  const std::int64_t count = load_ssize(body, layout_[Fact::PyVarObject_ob_size]);
  if (count <= 0 || static_cast<std::size_t>(count) > kMaxSlots) return;
  const std::byte* metatype =
      mirror_.at(type.metatype, static_cast<std::size_t>(layout_[Fact::sizeof_PyTypeObject]));
  if (metatype == nullptr) return;
  const Address members =
      type.address + load<std::uint64_t>(metatype, layout_[Fact::PyTypeObject_tp_basicsize]);
  const std::int64_t stride = layout_[Fact::sizeof_PyMemberDef];
  const std::byte* table = mirror_.at(members, static_cast<std::size_t>(count * stride));
  if (table == nullptr) return;
  constexpr int kObjectEx = 16, kObject = 6;  // T_OBJECT_EX, T_OBJECT (Include/structmember.h)
  for (std::int64_t i = 0; i < count; ++i) {
    const std::byte* member = table + i * stride;
    const int kind = load<std::int32_t>(member, layout_[Fact::PyMemberDef_type]);
    const std::int64_t offset = load_ssize(member, layout_[Fact::PyMemberDef_offset]);
    if ((kind != kObjectEx && kind != kObject) || offset < layout_[Fact::sizeof_PyObject] ||
        offset > type.basicsize - static_cast<std::int64_t>(sizeof(Address))) {
      continue;
    }
    const std::string name =
        mirror_.c_string(load_pointer(member, layout_[Fact::PyMemberDef_name]), kMaxNameLength)
            .value_or("?");
    type.fields.push_back(
        {static_cast<std::int32_t>(offset), names_.intern("." + name), ReferenceKind::collector});
    type.fields_behind_items = type.shape == Shape::tuple;
  }
}

void TypeTable::add_cached_keys(TypeInfo& type, const std::byte* body) {
  if (!type.managed_dict || load_pointer(body, layout_[Fact::PyTypeObject_tp_dict]) == 0) return;
  const std::byte* heap =
      mirror_.at(type.address, static_cast<std::size_t>(layout_[Fact::sizeof_PyHeapTypeObject]));
  if (heap == nullptr || !type.heap) return;
  const Address cached = load_pointer(heap, layout_[Fact::PyHeapTypeObject_ht_cached_keys]);
  if (cached == 0) return;
  const auto keys = read_dict_keys(cached, layout_, mirror_);
  if (!keys) return;
  type.values_capacity = keys->usable + keys->entry_count;
  for (std::uint64_t i = 0; i < keys->entry_count; ++i) {
    const Address key = load_pointer(
        keys->entries, static_cast<std::int64_t>(i * keys->entry_size) + keys->key_offset);
    type.attribute_names.push_back(names_.intern(
        attribute_label(read_text(key, layout_, mirror_, kMaxNameLength).value_or("?"))));
  }
}

// An instance of a heap type holds a counted reference to it. subtype_traverse shows it to the
// collector; from 3.9 on not where the nearest C base is a heap type too, whose tp_traverse has to.
void TypeTable::find_type_reference(TypeInfo& type) {
  if (!type.heap) return;
  type.type_reference = ReferenceKind::owned;
  if (!type.has_gc) return;
  const TypeInfo* traverses = type.traverses;
  if (traverses == nullptr) {
    if (!layout_.hides_type(type.name)) type.type_reference = ReferenceKind::collector;
  } else if (layout_.dialects.subtype_traverse == SubtypeTraverse::leaves_it_to_heap_base &&
             traverses->heap && traverses->has_gc) {
    type.type_reference = traverses->type_reference;
  } else {
    type.type_reference = ReferenceKind::collector;
  }
}

bool TypeTable::defines_sizeof(Address address) {
  const auto [at, fresh] = defines_sizeof_.try_emplace(address, false);
  if (!fresh) return at->second;
  const std::byte* body =
      mirror_.at(address, static_cast<std::size_t>(layout_[Fact::sizeof_PyTypeObject]));
  if (body == nullptr ||
      !(load<std::uint64_t>(body, layout_[Fact::PyTypeObject_tp_flags]) & kHeapType)) {
    return false;
  }
  const Address method =
      dict_lookup(load_pointer(body, layout_[Fact::PyTypeObject_tp_dict]), "__sizeof__");
  if (method == 0) return false;
  // C code's are method descriptors, which have no Py_TPFLAGS_HEAPTYPE type and are no functions.
  const std::byte* head =
      mirror_.at(method, static_cast<std::size_t>(layout_[Fact::sizeof_PyObject]));
  if (head == nullptr) return false;
  const std::byte* kind = mirror_.at(load_pointer(head, layout_[Fact::PyObject_ob_type]),
                                     static_cast<std::size_t>(layout_[Fact::sizeof_PyTypeObject]));
  if (kind == nullptr) return false;
  const auto name = mirror_.c_string(load_pointer(kind, layout_[Fact::PyTypeObject_tp_name]), 64);
  return defines_sizeof_[address] = name && *name != "method_descriptor";
}

void TypeTable::find_own_sizeof(TypeInfo& type, const std::byte* body) {
  if (!type.python_made) return;
  const Address mro = load_pointer(body, layout_[Fact::PyTypeObject_tp_mro]);
  const std::byte* tuple =
      mirror_.at(mro, static_cast<std::size_t>(layout_[Fact::PyTupleObject_ob_item]));
  if (tuple == nullptr) return;
  const std::int64_t count = load_ssize(tuple, layout_[Fact::PyVarObject_ob_size]);
  if (count <= 0 || count > kMaxMro) return;
  const std::byte* items =
      mirror_.at(mro + static_cast<Address>(layout_[Fact::PyTupleObject_ob_item]),
                 static_cast<std::size_t>(count) * 8);
  if (items == nullptr) return;
  for (std::int64_t i = 0; i < count && !type.own_sizeof; ++i) {
    type.own_sizeof = defines_sizeof(load_pointer(items, i * 8));
  }
}

Address TypeTable::dict_lookup(Address dict, std::string_view key) {
  const std::byte* body =
      mirror_.at(dict, static_cast<std::size_t>(layout_[Fact::sizeof_PyDictObject]));
  if (body == nullptr || load_pointer(body, layout_[Fact::PyDictObject_ma_values]) != 0) return 0;
  const auto keys =
      read_dict_keys(load_pointer(body, layout_[Fact::PyDictObject_ma_keys]), layout_, mirror_);
  if (!keys) return 0;
  const auto ascii = static_cast<Address>(layout_[Fact::sizeof_PyASCIIObject]);
  for (std::uint64_t i = 0; i < keys->entry_count; ++i) {
    const std::byte* entry = keys->entries + i * keys->entry_size;
    const Address value = load_pointer(entry, keys->value_offset);
    const Address name = load_pointer(entry, keys->key_offset);
    if (value == 0 || name == 0) continue;
    const std::byte* text = mirror_.at(name, ascii);
    if (text == nullptr ||
        load<std::uint64_t>(text, layout_[Fact::PyASCIIObject_length]) != key.size()) {
      continue;
    }
    const std::byte* characters = mirror_.at(name + ascii, key.size());
    if (characters != nullptr && std::memcmp(characters, key.data(), key.size()) == 0) return value;
  }
  return 0;
}

}  // namespace heapglass
