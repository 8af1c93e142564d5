#include "inspector/python/weak_entries.h"

#include "inspector/python/bytes.h"
#include "inspector/python/text.h"

namespace heapglass {

namespace {

// Its own, or (of a KeyedRef) that of the nearest base in C.
bool is_weak_reference(const TypeInfo& type) {
  // Their methods take the object out of no container.
  if (type.name == "weakref.WeakMethod") return false;
  for (const TypeInfo* base = &type; base != nullptr; base = base->base) {
    if (base->name == "weakref" || base->name == "weakref.ReferenceType") return true;
  }
  return false;
}

bool removes_itself(Address callback, const Decoders& decoders) {
  const auto object = open_object(callback, decoders);
  if (!object) return false;
  if (object->type->name == "weakref.finalize") return true;
  if (object->type->name != "function") return false;
  const Address module =
      load_pointer(object->body, decoders.layout[Fact::PyFunctionObject_func_module]);
  constexpr std::size_t kLongest = 16;
  const auto name = read_text(module, decoders.layout, decoders.mirror, kLongest);
  return name == "weakref" || name == "_weakrefset";
}

}  // namespace

std::vector<WeakEntry> find_weak_entries(const HeapGraph& graph, const Decoders& decoders) {
  Decoders quiet = decoders;
  quiet.acquisition = nullptr;
  std::vector<const TypeInfo*> types;  // by TypeId; null: no weak references
  for (const TypeRecord& record : graph.types) {
    const TypeInfo* type = quiet.types.resolve(record.address);
    types.push_back(type != nullptr && is_weak_reference(*type) ? type : nullptr);
  }
  std::vector<WeakEntry> entries;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const TypeInfo* type = types[index(graph.type[i])];
    if (type == nullptr) continue;
    const std::byte* body = object_body(graph.address[i], *type, quiet);
    if (body == nullptr) continue;
    const Address callback = load_pointer(body, quiet.layout[Fact::PyWeakReference_wr_callback]);
    if (callback == 0 || !removes_itself(callback, quiet)) continue;
    const auto object =
        graph.find(load_pointer(body, quiet.layout[Fact::PyWeakReference_wr_object]));
    if (object) entries.push_back({static_cast<ObjectId>(i), *object});
  }
  return entries;
}

}  // namespace heapglass
