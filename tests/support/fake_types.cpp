// Types of a FakeHeap: the builtin static ones, and what class statements and C modules make.
#include "tests/support/fake_heap.h"

namespace heapglass {

namespace {
constexpr std::size_t kWord = sizeof(Address);
constexpr int kObjectEx = 16;  // T_OBJECT_EX
}  // namespace

Address FakeHeap::static_type(const std::string& tp_name, Address base, std::int64_t basicsize,
                              std::int64_t itemsize, std::uint64_t flags) {
  // The name first: what is read in steps must not run into the end of the region.
  const Address name = allocate_static(tp_name.size() + 1);
  const Address address = allocate_static(offset(Fact::sizeof_PyTypeObject));
  std::memcpy(memory.bytes(name, tp_name.size()), tp_name.data(), tp_name.size());
  set_count(address, 1);
  const auto metatype = types_.find("type");
  set(address, Fact::PyObject_ob_type, metatype == types_.end() ? address : metatype->second);
  set(address, Fact::PyTypeObject_tp_name, name);
  set(address, Fact::PyTypeObject_tp_basicsize, basicsize);
  set(address, Fact::PyTypeObject_tp_itemsize, itemsize);
  set(address, Fact::PyTypeObject_tp_flags, flags);
  set(address, Fact::PyTypeObject_tp_base, base);
  types_.emplace(tp_name, address);
  return address;
}

void FakeHeap::make_builtin_types() {
  // `type` first: the others, and itself, are its instances. Its base comes second.
  const auto size = [&](Fact fact) { return std::int64_t{layout[fact]}; };
  const Address type = static_type("type", 0, size(Fact::sizeof_PyHeapTypeObject),
                                   size(Fact::sizeof_PyMemberDef), kFlagHaveGc | kFlagTypeSubclass);
  const Address object = static_type("object", 0, size(Fact::sizeof_PyObject));
  set(type, Fact::PyTypeObject_tp_base, object);

  const auto builtin = [&](const std::string& name, Fact basicsize, std::uint64_t flags = 0,
                           std::int64_t itemsize = 0, std::int64_t more = 0) {
    return static_type(name, object, size(basicsize) + more, itemsize, flags);
  };
  builtin("NoneType", Fact::sizeof_PyObject);
  builtin("int", Fact::PyLongObject_long_value_ob_digit, 0, 4);
  builtin("float", Fact::sizeof_PyFloatObject);
  builtin("str", Fact::sizeof_PyUnicodeObject);
  builtin("bytes", Fact::PyBytesObject_ob_sval, 0, 1, 1);
  builtin("tuple", Fact::PyTupleObject_ob_item, kFlagHaveGc, kWord);
  builtin("list", Fact::sizeof_PyListObject, kFlagHaveGc);
  const Address dict = builtin("dict", Fact::sizeof_PyDictObject, kFlagHaveGc);
  builtin("set", Fact::sizeof_PySetObject, kFlagHaveGc);
  builtin("frozenset", Fact::sizeof_PySetObject, kFlagHaveGc);
  builtin("range", Fact::sizeof_rangeobject);
  builtin("cell", Fact::sizeof_PyCellObject, kFlagHaveGc);
  builtin("method", Fact::sizeof_PyMethodObject, kFlagHaveGc);
  builtin("function", Fact::sizeof_PyFunctionObject, kFlagHaveGc);
  builtin("method_descriptor", Fact::sizeof_PyMethodDescrObject, kFlagHaveGc);
  builtin("collections.deque", Fact::sizeof_dequeobject, kFlagHaveGc);
  static_type("collections.OrderedDict", dict, size(Fact::sizeof_PyODictObject), 0, kFlagHaveGc);
}

Address FakeHeap::heap_type(const Class& spec) {
  const Address base = spec.base == 0 ? type("object") : spec.base;
  const Address metatype = spec.metatype == 0 ? type("type") : spec.metatype;
  const std::size_t slots = spec.slots.size(), stride = offset(Fact::sizeof_PyMemberDef);
  const auto head = memory.get<std::uint64_t>(metatype + offset(Fact::PyTypeObject_tp_basicsize));
  const Address address = object(metatype, head + slots * stride);
  const auto base_field = [&](Fact field) {
    return memory.get<std::int64_t>(base + offset(field));
  };

  const std::int64_t first_slot = base_field(Fact::PyTypeObject_tp_basicsize);
  const bool open = spec.managed || !spec.attributes.empty();
  const bool dict_slot = open && layout.dialects.managed_dict == ManagedDict::none;
  const bool managed = open && !dict_slot;
  const auto itemsize =
      spec.itemsize != 0 ? spec.itemsize : base_field(Fact::PyTypeObject_tp_itemsize);
  std::int64_t basicsize =
      spec.basicsize != 0 ? spec.basicsize : first_slot + static_cast<std::int64_t>(slots * kWord);
  if (dict_slot) {
    // type_new: from the end where items stand before it.
    constexpr std::int64_t kSlot = kWord;
    set(address, Fact::PyTypeObject_tp_dictoffset, itemsize != 0 ? -kSlot : basicsize);
    basicsize += kSlot;
  }
  set(address, Fact::PyVarObject_ob_size, slots);
  set(address, Fact::PyTypeObject_tp_name, c_string(spec.name));
  set(address, Fact::PyTypeObject_tp_basicsize, basicsize);
  set(address, Fact::PyTypeObject_tp_itemsize, itemsize);
  const std::uint64_t inherited =
      static_cast<std::uint64_t>(base_field(Fact::PyTypeObject_tp_flags)) & kFlagTypeSubclass;
  const bool inline_values = layout.dialects.managed_dict == ManagedDict::inline_values;
  set(address, Fact::PyTypeObject_tp_flags,
      inherited | kFlagHeapType | (spec.collectable ? kFlagHaveGc : 0) |
          (managed ? kFlagManagedDict : 0) |
          (inline_values && !spec.attributes.empty() ? std::uint64_t{1} << 2 : 0));
  if (spec.collectable) {
    set(address, Fact::PyTypeObject_tp_traverse,
        spec.made_in_c ? kSubtypeTraverse + 0x400 : kSubtypeTraverse);
  }
  for (std::size_t i = 0; i < slots; ++i) {
    const Address member = address + head + i * stride;
    set(member, Fact::PyMemberDef_name, c_string(spec.slots[i]));
    set(member, Fact::PyMemberDef_type, kObjectEx);
    set(member, Fact::PyMemberDef_offset, first_slot + static_cast<std::int64_t>(i * kWord));
  }
  set(address, Fact::PyTypeObject_tp_base, base);
  set(address, Fact::PyTypeObject_tp_bases, tuple({base}));
  set(address, Fact::PyTypeObject_tp_mro, tuple({address, base}));
  set(address, Fact::PyTypeObject_tp_dict, dict({{str("__module__"), str(spec.module)}}));
  const Address name = str(spec.name);
  set(address, Fact::PyHeapTypeObject_ht_name, name);
  set(address, Fact::PyHeapTypeObject_ht_qualname, name);
  if (!spec.attributes.empty()) {
    Items keys;
    for (const std::string& attribute : spec.attributes) keys.emplace_back(str(attribute), 0);
    set(address, Fact::PyHeapTypeObject_ht_cached_keys, dict_keys(keys, KeyTable::split));
  }
  return address;
}

}  // namespace heapglass
