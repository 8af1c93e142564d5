#include "inspector/python/finalizers.h"

#include "inspector/python/bytes.h"
#include "inspector/python/generator_state.h"

namespace heapglass {

namespace {

Finalizer finalizer_of(const TypeInfo& type, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const auto slot = [&](const TypeInfo& of, Fact fact) {
    const std::byte* body =
        decoders.mirror.at(of.address, static_cast<std::size_t>(layout[Fact::sizeof_PyTypeObject]));
    return body == nullptr ? Address{0} : load_pointer(body, layout[fact]);
  };
  if (slot(type, Fact::PyTypeObject_tp_del) != 0) return Finalizer::legacy;
  const Address finalize = slot(type, Fact::PyTypeObject_tp_finalize);
  if (finalize == 0) return Finalizer::none;
  // A class inherits what its base in C has, unless __del__ is written in Python: then it has
  // slot_tp_finalize, which is local to typeobject.c.
  const bool inherited = type.traverses == nullptr ||
                         slot(*type.traverses, Fact::PyTypeObject_tp_finalize) == finalize;
  return inherited ? Finalizer::in_c : Finalizer::python;
}

// _PyGen_Finalize: what is suspended is closed; what has not begun is, too, up to 3.11, but not a
// coroutine, which is complained of. An asynchronous generator is handed to its loop's hook.
bool closed_by_finalizer(Address address, const TypeInfo& type, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const std::byte* body = object_body(address, type, decoders);
  if (body == nullptr) return false;
  if (type.shape == Shape::async_generator &&
      load_pointer(body, layout[Fact::PyAsyncGenObject_ag_origin_or_finalizer]) != 0) {
    return false;
  }
  const bool closed_unstarted =
      type.shape != Shape::coroutine && !layout.since(Fact::since_unstarted_generator_stays);
  if (layout.has(Fact::PyGenObject_gi_frame_state)) {
    const GeneratorState state = generator_state(body, layout);
    return state == GeneratorState::suspended ||
           (state == GeneratorState::created && closed_unstarted);
  }
  const std::byte* frame =
      decoders.mirror.at(load_pointer(body, layout[Fact::PyGenObject_gi_frame]),
                         static_cast<std::size_t>(layout[Fact::PyFrameObject_f_localsplus]));
  if (frame == nullptr) return false;  // it has ended
  return load<std::int32_t>(frame, layout[Fact::PyFrameObject_f_lasti]) >= 0 || closed_unstarted;
}

}  // namespace

void find_finalizers(HeapGraph& graph, const Decoders& decoders) {
  for (TypeRecord& record : graph.types) {
    const TypeInfo* type = decoders.types.resolve(record.address);
    if (type == nullptr) continue;
    record.finalizer = finalizer_of(*type, decoders);
    record.is_class = type->is_type;
  }
  std::vector<const TypeInfo*> generators;  // by TypeId; null: of another type
  for (const TypeRecord& record : graph.types) {
    const TypeInfo* type = decoders.types.resolve(record.address);
    const bool generator =
        type != nullptr && (type->shape == Shape::generator || type->shape == Shape::coroutine ||
                            type->shape == Shape::async_generator);
    generators.push_back(generator ? type : nullptr);
  }
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const TypeInfo* type = generators[index(graph.type[i])];
    if (type != nullptr && closed_by_finalizer(graph.address[i], *type, decoders)) {
      graph.flags[i] |= HeapGraph::kClosed;
    }
  }
}

}  // namespace heapglass
