#include "inspector/python/name_references.h"

namespace heapglass {

void name_references(HeapGraph& graph, const Decoders& decoders, bool contents) {
  // What is wrong with an object was counted when it was found.
  Decoders quiet = decoders;
  quiet.acquisition = nullptr;
  Naming naming{graph, quiet, {}, KeyNames(graph, quiet)};
  naming.types.reserve(graph.types.size());
  static const TypeInfo kUnknown;
  for (const TypeRecord& type : graph.types) {
    const TypeInfo* known = quiet.types.resolve(type.address);
    naming.types.push_back(known == nullptr ? &kUnknown : known);
  }
  name_shared_keys(name_namespaces(naming), contents, naming);
  name_locals(naming);
  name_texts(naming);
}

}  // namespace heapglass
